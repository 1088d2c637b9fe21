using System.Runtime.CompilerServices;
using BlasNet.Memory;
using BlasNet.Native;

namespace BlasNet.Kernels;

/// <summary>The products of training through OpenBLAS, all row-major; a stack of one is a GEMV or a GER.</summary>
/// <remarks>
/// OpenBLAS works with one thread; where several pay, <see cref="ComputeThreads"/> calls it for ranges of columns or rows.
/// </remarks>
internal static unsafe class GemmOpenBlas
{
    /// <summary>Columns that stay together when a product is divided: a multiple of every kernel's tile.</summary>
    private const int ColumnsPerUnit = 32;

    static GemmOpenBlas() => OpenBlas.openblas_set_num_threads(1);

    /// <summary>Computes a product of the forward shapes X [n × k], B [k × m], Y [n × m]: Y, or dX in place of X, or dB in place of B.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(GemmKind kind, in Matrix<T> x, in Matrix<T> b, in Matrix<T> y, bool accumulate)
        where T : unmanaged
    {
        bool one = x.Rows == 1;

        switch (kind)
        {
            case GemmKind.Forward or GemmKind.ForwardOnce when one:
                Gemv(CblasTranspose.Transpose, b, x.Data, y.Data, accumulate);
                break;
            case GemmKind.Forward or GemmKind.ForwardOnce:
                Divide(new Call<T>(CblasTranspose.None, CblasTranspose.None, x, b, y, x.Columns, accumulate));
                break;
            case GemmKind.Transposed or GemmKind.TransposedOnce when one:
                Gemv(CblasTranspose.None, b, y.Data, x.Data, accumulate);
                break;
            case GemmKind.Transposed or GemmKind.TransposedOnce:
                Divide(new Call<T>(CblasTranspose.None, CblasTranspose.Transpose, y, b, x, y.Columns, accumulate));
                break;
            case GemmKind.OuterProductSum when one && accumulate:
                Ger(x.Data, y.Data, b);
                break;
            default:
                Divide(new Call<T>(CblasTranspose.Transpose, CblasTranspose.None, x, y, b, x.Rows, accumulate));
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Divide<T>(Call<T> call)
        where T : unmanaged
    {
        int units = (call.C.Columns + ColumnsPerUnit - 1) / ColumnsPerUnit;
        call.Split = GemmSplit.Choose(2.0 * call.C.Rows * call.C.Columns * call.Inner, call.C.Rows, units);

        if (call.Split.Parts == 1)
            call.Run(0, call.C.Rows, 0, call.C.Columns);
        else
            ComputeThreads.Run(call.Split.Parts, &Part<T>, &call);
    }

    private static void Part<T>(void* state, int part)
        where T : unmanaged
    {
        Call<T>* call = (Call<T>*)state;
        int start = call->Split.Start(part);
        int length = call->Split.Length(part);

        if (call->Split.ByRows)
        {
            call->Run(start, length, 0, call->C.Columns);
        }
        else
        {
            int column = start * ColumnsPerUnit;
            call->Run(0, call->C.Rows, column, Math.Min(length * ColumnsPerUnit, call->C.Columns - column));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Ger<T>(T* x, T* y, in Matrix<T> a)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
            OpenBlas.cblas_sger(CblasLayout.RowMajor, a.Rows, a.Columns, 1, (float*)x, 1, (float*)y, 1, (float*)a.Data, a.Stride);
        else
            OpenBlas.cblas_dger(CblasLayout.RowMajor, a.Rows, a.Columns, 1, (double*)x, 1, (double*)y, 1, (double*)a.Data, a.Stride);
    }

    /// <summary>C (+)= op(A)·op(B), and how it is divided.</summary>
    private struct Call<T>(CblasTranspose transA, CblasTranspose transB, Matrix<T> a, Matrix<T> b, Matrix<T> c, int inner, bool accumulate)
        where T : unmanaged
    {
        public readonly Matrix<T> C = c;
        public readonly int Inner = inner;
        public GemmSplit Split;

        /// <summary>Computes a block of C.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run(int row, int rows, int column, int columns)
        {
            T* left = transA == CblasTranspose.None ? a.Row(row) : a.Data + row;
            T* right = transB == CblasTranspose.None ? b.Data + column : b.Row(column);
            T* result = C.Row(row) + column;

            if (typeof(T) == typeof(float))
            {
                OpenBlas.cblas_sgemm(CblasLayout.RowMajor, transA, transB, rows, columns, Inner,
                    1, (float*)left, a.Stride, (float*)right, b.Stride, accumulate ? 1 : 0, (float*)result, C.Stride);
            }
            else
            {
                OpenBlas.cblas_dgemm(CblasLayout.RowMajor, transA, transB, rows, columns, Inner,
                    1, (double*)left, a.Stride, (double*)right, b.Stride, accumulate ? 1 : 0, (double*)result, C.Stride);
            }
        }
    }
}
