using BlasNet.Memory;
using BlasNet.Native;

namespace BlasNet.Kernels;

/// <summary>The three products of training through OpenBLAS, all row-major; a stack of one is a GEMV or a GER.</summary>
internal static unsafe class GemmOpenBlas
{
    /// <summary>Y (+)= X·B: [n × m] from [n × k] and [k × m].</summary>
    public static void Multiply<T>(in Matrix<T> x, in Matrix<T> b, in Matrix<T> y, bool accumulate)
        where T : unmanaged
    {
        if (y.Rows == 1)
            Gemv(CblasTranspose.Transpose, b, x.Data, y.Data, accumulate);
        else
            Product(CblasTranspose.None, CblasTranspose.None, x, b, y, x.Columns, accumulate);
    }

    /// <summary>dX (+)= dY·Bᵀ: [n × k] from [n × m] and [k × m].</summary>
    public static void MultiplyTransposed<T>(in Matrix<T> dy, in Matrix<T> b, in Matrix<T> dx, bool accumulate)
        where T : unmanaged
    {
        if (dx.Rows == 1)
            Gemv(CblasTranspose.None, b, dy.Data, dx.Data, accumulate);
        else
            Product(CblasTranspose.None, CblasTranspose.Transpose, dy, b, dx, dy.Columns, accumulate);
    }

    /// <summary>dB (+)= Xᵀ·dY: [k × m] from [n × k] and [n × m].</summary>
    public static void OuterProductSum<T>(in Matrix<T> x, in Matrix<T> dy, in Matrix<T> db, bool accumulate)
        where T : unmanaged
    {
        if (x.Rows == 1 && accumulate)
            Ger(x.Data, dy.Data, db);
        else
            Product(CblasTranspose.Transpose, CblasTranspose.None, x, dy, db, x.Rows, accumulate);
    }

    private static void Product<T>(
        CblasTranspose transA, CblasTranspose transB, in Matrix<T> a, in Matrix<T> b, in Matrix<T> c, int inner, bool accumulate)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            OpenBlas.cblas_sgemm(CblasLayout.RowMajor, transA, transB, c.Rows, c.Columns, inner,
                1, (float*)a.Data, a.Stride, (float*)b.Data, b.Stride, accumulate ? 1 : 0, (float*)c.Data, c.Stride);
        }
        else
        {
            OpenBlas.cblas_dgemm(CblasLayout.RowMajor, transA, transB, c.Rows, c.Columns, inner,
                1, (double*)a.Data, a.Stride, (double*)b.Data, b.Stride, accumulate ? 1 : 0, (double*)c.Data, c.Stride);
        }
    }

    private static void Gemv<T>(CblasTranspose trans, in Matrix<T> a, T* x, T* y, bool accumulate)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            OpenBlas.cblas_sgemv(CblasLayout.RowMajor, trans, a.Rows, a.Columns,
                1, (float*)a.Data, a.Stride, (float*)x, 1, accumulate ? 1 : 0, (float*)y, 1);
        }
        else
        {
            OpenBlas.cblas_dgemv(CblasLayout.RowMajor, trans, a.Rows, a.Columns,
                1, (double*)a.Data, a.Stride, (double*)x, 1, accumulate ? 1 : 0, (double*)y, 1);
        }
    }

    private static void Ger<T>(T* x, T* y, in Matrix<T> a)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
            OpenBlas.cblas_sger(CblasLayout.RowMajor, a.Rows, a.Columns, 1, (float*)x, 1, (float*)y, 1, (float*)a.Data, a.Stride);
        else
            OpenBlas.cblas_dger(CblasLayout.RowMajor, a.Rows, a.Columns, 1, (double*)x, 1, (double*)y, 1, (double*)a.Data, a.Stride);
    }
}
