using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>Blocks of equal width at regular distances, moved between stacks: what slices and concatenations are made of.</summary>
internal static unsafe class Blocks
{
    /// <summary>Copies <paramref name="count"/> blocks of <paramref name="width"/> elements.</summary>
    /// <param name="source">First block; the next one lies <paramref name="sourceStride"/> elements on.</param>
    /// <param name="sourceStride">0 repeats one block.</param>
    /// <param name="target">First block; the next one lies <paramref name="targetStride"/> elements on.</param>
    /// <param name="targetStride">At least <paramref name="width"/>.</param>
    /// <param name="width">Elements of a block.</param>
    /// <param name="count">Number of blocks.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy<T>(T* source, int sourceStride, T* target, int targetStride, int width, int count) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < count; i++, source += sourceStride, target += targetStride)
            new ReadOnlySpan<T>(source, width).CopyTo(new Span<T>(target, width));
    }

    /// <summary>Adds blocks, otherwise as <see cref="Copy{T}"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<T>(T* source, int sourceStride, T* target, int targetStride, int width, int count) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < count; i++, source += sourceStride, target += targetStride)
        {
            var sum = new Span<T>(target, width);
            TensorPrimitives.Add(sum, new ReadOnlySpan<T>(source, width), sum);
        }
    }

    /// <summary>Transposes a row-major matrix [rows × columns] into [columns × rows], in tiles that stay in the first-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose<T>(T* source, T* target, int rows, int columns) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Tile = 16;
        for (int top = 0; top < rows; top += Tile)
        {
            int bottom = Math.Min(rows, top + Tile);
            for (int left = 0; left < columns; left += Tile)
            {
                int right = Math.Min(columns, left + Tile);
                for (int column = left; column < right; column++)
                {
                    T* line = target + (nint)column * rows;
                    for (int row = top; row < bottom; row++)
                        line[row] = source[(nint)row * columns + column];
                }
            }
        }
    }
}
