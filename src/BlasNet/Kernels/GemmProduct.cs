using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>One matrix product as the managed kernels see it: Result (+)= Left·Right, with either operand read transposed if need be.</summary>
internal unsafe struct GemmProduct<T>
    where T : unmanaged
{
    /// <summary>Left(row, p) is <c>Left[row·LeftRow + p·LeftStep]</c>.</summary>
    public T* Left;
    public nint LeftRow;
    public nint LeftStep;

    /// <summary>Terms of every sum.</summary>
    public int Inner;

    /// <summary>The right operand as stored: [Inner × columns], or [columns × Inner] where <see cref="RightTransposed"/>.</summary>
    public Matrix<T> Right;
    public bool RightTransposed;

    /// <summary>All panels of the right operand, if it is kept packed; else null, and panels are packed into scratch as they are needed.</summary>
    public T* Panels;

    /// <summary>The panels are stale: each is packed just before its first use, while it is hot.</summary>
    public bool FillPanels;

    /// <summary>Take the panels last to first.</summary>
    public bool LastPanelFirst;

    public Matrix<T> Result;
    public bool Accumulate;

    /// <summary>One value per column that every row's sum starts from, or null.</summary>
    public T* Bias;

    /// <summary>What is done to each tile of the result at the end.</summary>
    public GemmFinish<T> Finish;

    public readonly double Flops => 2.0 * Result.Rows * Result.Columns * Inner;

    /// <summary>Y (+)= X·B.</summary>
    public static GemmProduct<T> Multiply(
        in Matrix<T> x, in Matrix<T> b, in Matrix<T> y, bool accumulate, T* bias = null, GemmFinish<T> finish = default) => new()
        {
            Left = x.Data,
            LeftRow = x.Stride,
            LeftStep = 1,
            Inner = x.Columns,
            Right = b,
            Result = y,
            Accumulate = accumulate,
            Bias = bias,
            Finish = finish,
        };

    /// <summary>dX (+)= dY·Bᵀ.</summary>
    public static GemmProduct<T> MultiplyTransposed(in Matrix<T> dy, in Matrix<T> b, in Matrix<T> dx, bool accumulate) => new()
    {
        Left = dy.Data,
        LeftRow = dy.Stride,
        LeftStep = 1,
        Inner = dy.Columns,
        Right = b,
        RightTransposed = true,
        Result = dx,
        Accumulate = accumulate,
    };

    /// <summary>dB (+)= Xᵀ·dY.</summary>
    public static GemmProduct<T> OuterProductSum(in Matrix<T> x, in Matrix<T> dy, in Matrix<T> db, bool accumulate) => new()
    {
        Left = x.Data,
        LeftRow = 1,
        LeftStep = x.Stride,
        Inner = x.Rows,
        Right = dy,
        Result = db,
        Accumulate = accumulate,
    };

    /// <summary>The part of the product for some of the result's rows.</summary>
    public readonly GemmProduct<T> RowRange(int start, int count)
    {
        GemmProduct<T> part = this;
        part.Left = Left + (start * LeftRow);
        part.Result = Result.RowRange(start, count);

        return part;
    }
}
