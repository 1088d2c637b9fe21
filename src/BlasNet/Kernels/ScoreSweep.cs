using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>A function of each query's scores, which lie one after another, as many as there are keys.</summary>
/// <param name="x">The scores.</param>
/// <param name="y">As many results; may be <paramref name="x"/>.</param>
/// <param name="isSoftmax">The softmax of a query's scores; else their sum, in the place of each of them.</param>
internal unsafe struct ScoreSweep<T>(T* x, T* y, bool isSoftmax) : IRangeWork
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>For deciding on threads, so the order of magnitude is enough.</summary>
    private const double NanosecondsPerElement = 0.2;

    private int* _sizes;

    /// <summary>Goes through all examples.</summary>
    /// <param name="sizes">For each example keys, queries, and how many scores there are for such a pair.</param>
    public void Run(ReadOnlySpan<int> sizes)
    {
        nint queries = 0;
        double scores = 0;
        for (int i = 0; i < sizes.Length; i += 3)
        {
            nint own = (nint)sizes[i + 1] * sizes[i + 2];
            queries += own;
            scores += (double)own * sizes[i];
        }

        fixed (int* first = sizes)
        {
            _sizes = first;
            ComputeThreads.Divide(this, queries, scores / queries * NanosecondsPerElement);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run(nint start, nint end)
    {
        int* size = _sizes;
        nint element = 0;
        for (nint first = 0; first < end; size += 3)
        {
            nint keys = size[0], queries = (nint)size[1] * size[2];
            nint from = Math.Max(0, start - first), count = Math.Min(queries, end - first) - from, at = element + (from * keys);
            if (count > 0 && isSoftmax)
                Columns<T>.Widest.Softmax(x + at, keys, y + at, keys, keys, count);
            else if (count > 0)
                Total(x + at, y + at, (int)keys, count);

            element += keys * queries;
            first += queries;
        }
    }

    private static void Total(T* x, T* y, int keys, nint count)
    {
        for (; count > 0; count--, x += keys, y += keys)
            new Span<T>(y, keys).Fill(TensorPrimitives.Sum(new ReadOnlySpan<T>(x, keys)));
    }
}
