using System.Numerics;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>For each of several examples, and for each of its heads, the gradients of Y = V·softmax(Kᵀ·Q) with respect to K, Q and V, given dY.</summary>
/// <remarks>With P = softmax(Kᵀ·Q): dV = dY·Pᵀ, dP = Vᵀ·dY, dS = P∘(dP − Σ P∘dP) of each query, dK = Q·dSᵀ, dQ = K·dS. P is computed again, for so few queries
/// at a time that it and dP stay in the cache: a fifth product instead of matrices [m × n] of each head in memory.
/// Source: Dao et al., "FlashAttention", NeurIPS 2022, arXiv:2205.14135, section 3.1.</remarks>
internal unsafe struct HeadAttentionGradient<T> : IHeadKernel
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The first example's matrices.</summary>
    public T* Keys, Queries, Values, ResultGradient;

    /// <summary>The first example's gradients.</summary>
    public T* KeyGradient, QueryGradient, ValueGradient;

    /// <summary>Rows of keys and of queries, and of values and of results, of all heads together.</summary>
    public int KeyRows, ValueRows;

    /// <inheritdoc/>
    public readonly int RowsOfPair => (3 * KeyRows) + (2 * ValueRows);

    /// <inheritdoc/>
    public readonly void Compute(int m, int n, int heads, nint head)
    {
        // Row-major, a column of the formulas in each row.
        int keyRows = KeyRows / heads, valueRows = ValueRows / heads, blocks = HeadAttention<T>.BlocksOf(2L * n * m * sizeof(T));
        nint key = head * keyRows, value = head * valueRows;
        Matrix<T> keys = new(Keys + key, m, keyRows, KeyRows), queries = new(Queries + key, n, keyRows, KeyRows);
        Matrix<T> values = new(Values + value, m, valueRows, ValueRows), dy = new(ResultGradient + value, n, valueRows, ValueRows);
        Matrix<T> dk = new(KeyGradient + key, m, keyRows, KeyRows), dq = new(QueryGradient + key, n, keyRows, KeyRows);
        var dv = new Matrix<T>(ValueGradient + value, m, valueRows, ValueRows);
        int block = (n + blocks - 1) / blocks;
        T* memory = Scratch<T>.Get(2 * block * m);
        for (int start = 0; start < n; start += block)
        {
            int rows = Math.Min(block, n - start);
            Matrix<T> p = new(memory, rows, m), ds = new(memory + ((nint)block * m), rows, m);
            Matrix<T> own = queries.RowRange(start, rows), result = dy.RowRange(start, rows);
            Gemm.MultiplyTransposed(own, keys, p);
            Columns<T>.Widest.Softmax(p.Data, m, p.Data, m, m, rows);
            Gemm.OuterProductSum(p, result, dv, accumulate: start > 0);
            Gemm.MultiplyTransposed(result, values, ds);
            Columns<T>.Widest.SoftmaxGradient(p.Data, ds.Data, ds.Data, m, rows);
            Gemm.OuterProductSum(ds, own, dk, accumulate: start > 0);
            Gemm.Multiply(ds, keys, dq.RowRange(start, rows));
        }
    }

    /// <inheritdoc/>
    public void Advance(int m, int n, int heads)
    {
        nint keys = (nint)KeyRows * m, queries = (nint)KeyRows * n, values = (nint)ValueRows * m;
        Keys += keys;
        KeyGradient += keys;
        Queries += queries;
        QueryGradient += queries;
        Values += values;
        ValueGradient += values;
        ResultGradient += (nint)ValueRows * n;
    }
}
