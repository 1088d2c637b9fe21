using System.Numerics;
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
/// <remarks>The scores of the heads lie one after another, [m × n] each, and so do the examples.</remarks>
internal unsafe struct HeadProducts<T> : IHeadKernel
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
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

    /// <inheritdoc/>
    public readonly int RowsOfPair => Rows;

    /// <inheritdoc/>
    public readonly void Compute(int m, int n, int heads, nint head)
    {
        // Row-major, a column of the formulas in each row.
        int rows = Rows / heads;
        Matrix<T> keys = new(Keys + (head * rows), m, rows, Rows), queries = new(Queries + (head * rows), n, rows, Rows);
        Matrix<T> scores = new(Scores + (head * m * n), n, m);
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

    /// <inheritdoc/>
    public void Advance(int m, int n, int heads)
    {
        Keys += SharesKeys ? 0 : (nint)Rows * m;
        Queries += SharesQueries ? 0 : (nint)Rows * n;
        Scores += SharesScores ? 0 : (nint)heads * m * n;
    }
}
