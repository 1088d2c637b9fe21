using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>The three matrices of a head of attention. Each is a product of the other two, or the gradient of such a product.</summary>
internal enum HeadMatrix
{
    /// <summary>K [d × m], a column for each key: Q·Sᵀ.</summary>
    Keys,

    /// <summary>Q [d × n], a column for each query: K·S.</summary>
    Queries,

    /// <summary>S [m × n], a column for each query: Kᵀ·Q.</summary>
    Scores,
}

/// <summary>The inputs of such a product: the two other matrices, in their order.</summary>
internal static class HeadMatrices
{
    /// <summary>What input <paramref name="input"/>, 0 or 1, is.</summary>
    public static HeadMatrix OfInput(this HeadMatrix computed, int input) => (HeadMatrix)(input < (int)computed ? input : input + 1);

    /// <summary>Which input another matrix is.</summary>
    public static int InputOf(this HeadMatrix computed, HeadMatrix other) => other < computed ? (int)other : (int)other - 1;
}

/// <summary>For each of several examples, and for each of its heads, one of the three <see cref="HeadMatrix"/> from the other two.</summary>
/// <remarks>The heads' keys lie one below the other in one matrix [heads·d × m], queries likewise, so a head is a range of rows, which a product reads and
/// writes in place. The scores of the heads lie one after another, [m × n] each, and so do the examples. Large ones are divided among
/// threads by heads; a single product divides itself.</remarks>
internal unsafe struct HeadProducts<T> : IRangeWork
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>About what a core computes in small products; for deciding on threads, so the order of magnitude is enough.</summary>
    private const double FlopsPerNanosecond = 20;

    /// <summary>What is computed.</summary>
    public HeadMatrix Computed;

    /// <summary>The first example's matrices.</summary>
    public T* Keys, Queries, Scores;

    /// <summary>Whether all examples have the same matrix.</summary>
    public bool SharesKeys, SharesQueries, SharesScores;

    /// <summary>Rows of keys and of queries, of all heads together.</summary>
    public int Rows;

    /// <summary>Add to what is computed.</summary>
    public bool Accumulate;

    private int* _sizes;
    private int _step;

    /// <summary>Computes all products.</summary>
    /// <param name="sizes">Keys m, queries n and heads of each example, the heads the same for all; a single triple may stand for several examples.</param>
    /// <param name="count">Number of examples.</param>
    public void Run(ReadOnlySpan<int> sizes, int count)
    {
        Debug.Assert(sizes.Length == 3 || sizes.Length == 3L * count, "a triple for each example, or one for all");
        double products = 0;
        for (int i = 0; i < sizes.Length; i += 3)
            products += (double)sizes[i] * sizes[i + 1];

        int heads = sizes[2];
        double flops = 2.0 * products * (Rows / heads) / (sizes.Length / 3);
        fixed (int* first = sizes)
        {
            _sizes = first;
            _step = sizes.Length == 3 ? 0 : 3;
            ComputeThreads.Divide(this, (nint)count * heads, flops / FlopsPerNanosecond);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run(nint start, nint end)
    {
        T* keys = Keys, queries = Queries, scores = Scores;
        int* size = _sizes;
        int heads = size[2], rows = Rows / heads;
        for (nint first = 0; first < end; first += heads, size += _step)
        {
            int m = size[0], n = size[1];
            nint last = Math.Min(heads, end - first);
            for (nint head = Math.Max(0, start - first); head < last; head++)
            {
                Multiply(
                    new Matrix<T>(keys + (head * rows), m, rows, Rows), new Matrix<T>(queries + (head * rows), n, rows, Rows),
                    new Matrix<T>(scores + (head * m * n), n, m));
            }

            keys += SharesKeys ? 0 : (nint)Rows * m;
            queries += SharesQueries ? 0 : (nint)Rows * n;
            scores += SharesScores ? 0 : (nint)heads * m * n;
        }
    }

    // Row-major, a column of the formulas in each row.
    private readonly void Multiply(in Matrix<T> keys, in Matrix<T> queries, in Matrix<T> scores)
    {
        switch (Computed)
        {
            case HeadMatrix.Scores:
                Gemm.MultiplyTransposed(queries, keys, scores, Accumulate);
                break;
            case HeadMatrix.Queries:
                Gemm.Multiply(scores, keys, queries, Accumulate);
                break;
            default:
                Gemm.OuterProductSum(scores, queries, keys, Accumulate);
                break;
        }
    }
}
