using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>What is computed for each head of attention, given where the matrices of an example are.</summary>
/// <remarks>The heads' keys lie one below the other in one matrix [heads·d × m], queries likewise, so a head is a range of rows, which a product reads and
/// writes in place.</remarks>
internal interface IHeadKernel
{
    /// <summary>Rows of a head that each pair of a key and a query takes into account, of all heads together.</summary>
    int RowsOfPair { get; }

    /// <summary>Computes a head of the present example.</summary>
    /// <param name="m">The example's keys.</param>
    /// <param name="n">Its queries.</param>
    /// <param name="heads">How many heads there are.</param>
    /// <param name="head">Which one.</param>
    void Compute(int m, int n, int heads, nint head);

    /// <summary>Goes on to the next example; parameters are of the present one.</summary>
    void Advance(int m, int n, int heads);
}

/// <summary>Goes through the heads of several examples. Large ones are divided among threads by heads; a single product divides itself.</summary>
internal unsafe struct HeadSweep<TKernel> : IRangeWork
    where TKernel : unmanaged, IHeadKernel
{
    /// <summary>About what a core computes in small products; for deciding on threads, so the order of magnitude is enough.</summary>
    private const double FlopsPerNanosecond = 20;

    private TKernel _kernel;   // at the first example
    private int* _sizes;
    private int _step;

    /// <summary>Computes all heads.</summary>
    /// <param name="kernel">At the first example.</param>
    /// <param name="sizes">Keys m, queries n and heads of each example, the heads the same for all; a single triple may stand for several examples.</param>
    /// <param name="count">Number of examples.</param>
    public static void Run(TKernel kernel, ReadOnlySpan<int> sizes, int count)
    {
        Debug.Assert(sizes.Length == 3 || sizes.Length == 3L * count, "a triple for each example, or one for all");
        double pairs = 0;
        for (int i = 0; i < sizes.Length; i += 3)
            pairs += (double)sizes[i] * sizes[i + 1];

        int heads = sizes[2];
        double flops = 2.0 * pairs * (kernel.RowsOfPair / heads) / (sizes.Length / 3);
        fixed (int* first = sizes)
        {
            var sweep = new HeadSweep<TKernel> { _kernel = kernel, _sizes = first, _step = sizes.Length == 3 ? 0 : 3 };
            ComputeThreads.Divide(sweep, (nint)count * heads, flops / FlopsPerNanosecond);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run(nint start, nint end)
    {
        TKernel kernel = _kernel;
        int* size = _sizes;
        int heads = size[2];
        for (nint first = 0; first < end; first += heads, size += _step)
        {
            int m = size[0], n = size[1];
            nint last = Math.Min(heads, end - first);
            for (nint head = Math.Max(0, start - first); head < last; head++)
                kernel.Compute(m, n, heads, head);

            kernel.Advance(m, n, heads);
        }
    }
}
