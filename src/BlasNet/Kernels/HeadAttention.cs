using System.Numerics;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>For each of several examples, and for each of its heads, V·softmax(Kᵀ·Q), for so few queries at a time that their scores stay in the
/// cache.</summary>
internal unsafe struct HeadAttention<T> : IHeadKernel
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Of the scores of a block of queries: a part of a second-level cache, so large that the keys, which are packed for each block, hardly
    /// count.</summary>
    private const int BlockBytes = 256 * 1024;

    /// <summary>The first example's matrices.</summary>
    public T* Keys, Queries, Values, Results;

    /// <summary>Whether all examples have the same matrix.</summary>
    public bool SharesKeys, SharesQueries, SharesValues;

    /// <summary>Rows of keys and of queries, and of values and of results, of all heads together.</summary>
    public int KeyRows, ValueRows;

    /// <inheritdoc/>
    public readonly int RowsOfPair => KeyRows + ValueRows;

    /// <inheritdoc/>
    public readonly void Compute(int m, int n, int heads, nint head)
    {
        int keyRows = KeyRows / heads, valueRows = ValueRows / heads;
        nint key = head * keyRows, value = head * valueRows;
        Attend(
            new Matrix<T>(Keys + key, m, keyRows, KeyRows), new Matrix<T>(Queries + key, n, keyRows, KeyRows),
            new Matrix<T>(Values + value, m, valueRows, ValueRows), new Matrix<T>(Results + value, n, valueRows, ValueRows));
    }

    /// <inheritdoc/>
    public void Advance(int m, int n, int heads)
    {
        Keys += SharesKeys ? 0 : (nint)KeyRows * m;
        Queries += SharesQueries ? 0 : (nint)KeyRows * n;
        Values += SharesValues ? 0 : (nint)ValueRows * m;
        Results += (nint)ValueRows * n;
    }

    /// <summary>Into how many blocks queries are divided that take so many bytes on the way.</summary>
    internal static int BlocksOf(long bytes) => (int)((bytes + BlockBytes - 1) / BlockBytes);

    // Row-major, a column of the formulas in each row.
    private static void Attend(in Matrix<T> keys, in Matrix<T> queries, in Matrix<T> values, in Matrix<T> results)
    {
        int m = keys.Rows, n = queries.Rows, blocks = BlocksOf((long)n * m * sizeof(T));
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
