using System.Numerics;
using System.Numerics.Tensors;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>The three products of training in managed code.</summary>
internal static unsafe class GemmPacked
{
    public static void Multiply<T>(in Matrix<T> x, in Matrix<T> b, in Matrix<T> y, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < y.Rows; i++)
        {
            Span<T> row = new(y.Row(i), y.Columns);

            if (!accumulate)
                row.Clear();

            for (int p = 0; p < x.Columns; p++)
                TensorPrimitives.MultiplyAdd(new ReadOnlySpan<T>(b.Row(p), b.Columns), x.Row(i)[p], row, row);
        }
    }

    public static void MultiplyTransposed<T>(in Matrix<T> dy, in Matrix<T> b, in Matrix<T> dx, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < dx.Rows; i++)
        {
            for (int j = 0; j < dx.Columns; j++)
            {
                T dot = TensorPrimitives.Dot(new ReadOnlySpan<T>(dy.Row(i), dy.Columns), new ReadOnlySpan<T>(b.Row(j), b.Columns));
                dx.Row(i)[j] = accumulate ? dx.Row(i)[j] + dot : dot;
            }
        }
    }

    public static void OuterProductSum<T>(in Matrix<T> x, in Matrix<T> dy, in Matrix<T> db, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < db.Rows; i++)
        {
            Span<T> row = new(db.Row(i), db.Columns);

            if (!accumulate)
                row.Clear();

            for (int p = 0; p < x.Rows; p++)
                TensorPrimitives.MultiplyAdd(new ReadOnlySpan<T>(dy.Row(p), dy.Columns), x.Row(p)[i], row, row);
        }
    }
}
