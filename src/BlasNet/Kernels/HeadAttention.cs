using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>For each of several examples, and for each of its heads, V·softmax(Kᵀ·Q), for so few queries at a time that their scores stay in the
/// cache.</summary>
/// <remarks>Keys, queries, values and results of the heads lie one below the other, as in <see cref="HeadProducts{T}"/>.</remarks>
internal unsafe struct HeadAttention<T> : IRangeWork
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Of the scores of a block of queries: a part of a second-level cache, so large that the keys, which are packed for each block, hardly count.</summary>
    private const int BlockBytes = 256 * 1024;

    /// <summary>About what a core computes in small products; for deciding on threads, so the order of magnitude is enough.</summary>
    private const double FlopsPerNanosecond = 20;

    /// <summary>The first example's matrices.</summary>
    public T* Keys, Queries, Values, Results;

    /// <summary>Whether all examples have the same matrix.</summary>
    public bool SharesKeys, SharesQueries, SharesValues;

    /// <summary>Rows of keys and of queries, and of values and of results, of all heads together.</summary>
    public int KeyRows, ValueRows;

    private int* _sizes;
    private int _step;

    /// <summary>Computes all of them.</summary>
    /// <param name="sizes">Keys m, queries n and heads of each example, the heads the same for all; a single triple may stand for several examples.</param>
    /// <param name="count">Number of examples.</param>
    public void Run(ReadOnlySpan<int> sizes, int count)
    {
        double products = 0;
        for (int i = 0; i < sizes.Length; i += 3)
            products += (double)sizes[i] * sizes[i + 1];

        int heads = sizes[2];
        double flops = 2.0 * products * ((KeyRows + ValueRows) / heads) / (sizes.Length / 3);
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
        T* keys = Keys, queries = Queries, values = Values, results = Results;
        int* size = _sizes;
        int heads = size[2], keyRows = KeyRows / heads, valueRows = ValueRows / heads;
        for (nint first = 0; first < end; first += heads, size += _step)
        {
            int m = size[0], n = size[1];
            nint last = Math.Min(heads, end - first);
            for (nint head = Math.Max(0, start - first); head < last; head++)
            {
                nint key = head * keyRows, value = head * valueRows;
                Attend(
                    new Matrix<T>(keys + key, m, keyRows, KeyRows), new Matrix<T>(queries + key, n, keyRows, KeyRows),
                    new Matrix<T>(values + value, m, valueRows, ValueRows), new Matrix<T>(results + value, n, valueRows, ValueRows));
            }

            keys += SharesKeys ? 0 : (nint)KeyRows * m;
            queries += SharesQueries ? 0 : (nint)KeyRows * n;
            values += SharesValues ? 0 : (nint)ValueRows * m;
            results += (nint)ValueRows * n;
        }
    }

    // Row-major, a column of the formulas in each row.
    private static void Attend(in Matrix<T> keys, in Matrix<T> queries, in Matrix<T> values, in Matrix<T> results)
    {
        int m = keys.Rows, n = queries.Rows, blocks = (int)((((long)n * m * sizeof(T)) + BlockBytes - 1) / BlockBytes);
        int block = (n + blocks - 1) / blocks;
        T* memory = Scratch<T>.Get(block * m);
        for (int start = 0; start < n; start += block)
        {
            int rows = Math.Min(block, n - start);
            var scores = new Matrix<T>(memory, rows, m);
            Gemm.MultiplyTransposed(queries.RowRange(start, rows), keys, scores);
            Columns<T>.Widest.Softmax(memory, m, memory, m, m, rows);
            Gemm.Multiply(scores, values, results.RowRange(start, rows));
        }
    }
}
