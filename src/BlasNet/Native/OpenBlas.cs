using System.Runtime.InteropServices;

namespace BlasNet.Native;

internal enum CblasLayout
{
    RowMajor = 101,
    ColumnMajor = 102,
}

internal enum CblasTranspose
{
    None = 111,
    Transpose = 112,
}

/// <summary>OpenBLAS as its C header declares it: names, order, types (32-bit integers); no checks.</summary>
/// <remarks>Called only from Kernels/, and only where <see cref="OpenBlasLoader.IsAvailable"/> said yes.</remarks>
internal static unsafe partial class OpenBlas
{
    /// <summary>The name <see cref="OpenBlasLoader"/> resolves to a file.</summary>
    internal const string Name = "openblas";

    /// <summary>Every function declared here: <see cref="OpenBlasLoader"/> refuses a library that lacks one, so that no call fails later.</summary>
    internal static IReadOnlyList<string> Functions { get; } =
    [
        nameof(cblas_sgemm), nameof(cblas_dgemm), nameof(cblas_sgemv), nameof(cblas_dgemv), nameof(cblas_sger), nameof(cblas_dger),
        nameof(openblas_set_num_threads),
    ];

    /// <summary>C ← α·op(A)·op(B) + β·C, float32; op(A) is m × k, op(B) is k × n.</summary>
    [LibraryImport(Name)]
    internal static partial void cblas_sgemm(
        CblasLayout layout, CblasTranspose transA, CblasTranspose transB, int m, int n, int k,
        float alpha, float* a, int lda, float* b, int ldb, float beta, float* c, int ldc);

    /// <summary>C ← α·op(A)·op(B) + β·C, float64; op(A) is m × k, op(B) is k × n.</summary>
    [LibraryImport(Name)]
    internal static partial void cblas_dgemm(
        CblasLayout layout, CblasTranspose transA, CblasTranspose transB, int m, int n, int k,
        double alpha, double* a, int lda, double* b, int ldb, double beta, double* c, int ldc);

    /// <summary>y ← α·op(A)·x + β·y, float32; A is m × n.</summary>
    [LibraryImport(Name)]
    internal static partial void cblas_sgemv(
        CblasLayout layout, CblasTranspose trans, int m, int n,
        float alpha, float* a, int lda, float* x, int incx, float beta, float* y, int incy);

    /// <summary>y ← α·op(A)·x + β·y, float64; A is m × n.</summary>
    [LibraryImport(Name)]
    internal static partial void cblas_dgemv(
        CblasLayout layout, CblasTranspose trans, int m, int n,
        double alpha, double* a, int lda, double* x, int incx, double beta, double* y, int incy);

    /// <summary>A ← α·x·yᵀ + A, float32; A is m × n.</summary>
    [LibraryImport(Name)]
    internal static partial void cblas_sger(
        CblasLayout layout, int m, int n, float alpha, float* x, int incx, float* y, int incy, float* a, int lda);

    /// <summary>A ← α·x·yᵀ + A, float64; A is m × n.</summary>
    [LibraryImport(Name)]
    internal static partial void cblas_dger(
        CblasLayout layout, int m, int n, double alpha, double* x, int incx, double* y, int incy, double* a, int lda);

    [LibraryImport(Name)]
    internal static partial void openblas_set_num_threads(int threads);
}
