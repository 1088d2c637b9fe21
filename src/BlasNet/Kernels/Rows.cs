using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>Sums over ranges and stacks of values.</summary>
internal static class Rows
{
    /// <summary>target += source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<T>(ReadOnlySpan<T> source, Span<T> target) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        TensorPrimitives.Add(target, source, target);

    /// <summary>sum (+)= Σ rows, where the stack is rows of <c>sum.Length</c> elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sum<T>(ReadOnlySpan<T> stack, Span<T> sum, bool accumulate) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int width = sum.Length;
        if (width == 1)
        {
            T total = TensorPrimitives.Sum(stack);
            sum[0] = accumulate ? sum[0] + total : total;
            return;
        }

        if (!accumulate)
        {
            stack[..width].CopyTo(sum);
            stack = stack[width..];
        }

        for (; stack.Length > 0; stack = stack[width..])
            TensorPrimitives.Add(sum, stack[..width], sum);
    }
}
