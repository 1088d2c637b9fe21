using System.Diagnostics;
using System.Numerics;
using BlasNet.Memory;
using BlasNet.Native;

namespace BlasNet.Kernels;

/// <summary>The three matrix products of training, each by the kernel that is fastest for its shape.</summary>
/// <remarks>
/// <code>
/// forward   Y  [n × m] = X  [n × k] · B [k × m]
/// dX        dX [n × k] = dY [n × m] · Bᵀ
/// dB        dB [k × m] = Xᵀ · dY               the stack of n is the inner dimension
/// </code>
/// B holds a weight W [m × k] column by column. All are row-major, one example per row, with a stride between rows. Results must not overlap
/// operands. <c>accumulate</c> adds to the result in the same sweep.
/// </remarks>
internal static unsafe class Gemm
{
    private static long _gemmCalls;
    private static long _gemvCalls;

    /// <summary>Which kernels compute on the calling thread.</summary>
    public static GemmKernels Mode => ComputeSettings.Current.Kernels;

    /// <summary>Products of a stack of two or more rows since the process started.</summary>
    public static long GemmCalls => Interlocked.Read(ref _gemmCalls);

    /// <summary>Products of a single row (a GEMV, or for dB a rank-one update), whichever kernel ran them.</summary>
    public static long GemvCalls => Interlocked.Read(ref _gemvCalls);

    /// <exception cref="DllNotFoundException">OpenBLAS is asked for, and there is none.</exception>
    public static void Require(GemmKernels kernels)
    {
        if (kernels == GemmKernels.OpenBlas && !OpenBlasLoader.IsAvailable)
            throw new DllNotFoundException(OpenBlasLoader.Library.Error);
    }

    /// <summary>Y (+)= X·B (+ bias in every row), and then a function of each element.</summary>
    /// <param name="x">[n × k].</param>
    /// <param name="b">[k × m].</param>
    /// <param name="y">[n × m].</param>
    /// <param name="accumulate">Add to y; excludes <paramref name="bias"/>.</param>
    /// <param name="bias">m values, or null.</param>
    /// <param name="packed">The cache of b's packed form, if b is a parameter.</param>
    /// <param name="finish">The function; excludes <paramref name="accumulate"/>.</param>
    public static void Multiply<T>(
        in Matrix<T> x, in Matrix<T> b, in Matrix<T> y, bool accumulate = false, T* bias = null, PackedWeights<T>? packed = null,
        GemmFinish<T> finish = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Debug.Assert(x.Columns == b.Rows && b.Columns == y.Columns && x.Rows == y.Rows, $"{x} · {b} = {y}");
        Debug.Assert(!accumulate || bias == null, "a bias initialises the sum");
        Count(x.Rows);

        if (UsesOpenBlas(packed == null ? GemmKind.ForwardOnce : GemmKind.Forward, x, b, packed))
        {
            for (int i = 0; bias != null && i < y.Rows; i++)
                new Span<T>(bias, y.Columns).CopyTo(new Span<T>(y.Row(i), y.Columns));

            GemmOpenBlas.Run(GemmKind.Forward, x, b, y, accumulate || bias != null);
            if (!finish.IsNone)
                finish.Apply(y.Data, y.Stride, y.Columns, y.Rows);
        }
        else
        {
            RunPacked(GemmProduct<T>.Multiply(x, b, y, accumulate, bias, finish), packed);
        }
    }

    /// <summary>dX (+)= dY·Bᵀ.</summary>
    /// <param name="dy">[n × m].</param>
    /// <param name="b">[k × m].</param>
    /// <param name="dx">[n × k].</param>
    /// <param name="accumulate">Add to dx.</param>
    /// <param name="packed">The cache of b's packed forms, if b is a parameter.</param>
    public static void MultiplyTransposed<T>(
        in Matrix<T> dy, in Matrix<T> b, in Matrix<T> dx, bool accumulate = false, PackedWeights<T>? packed = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Debug.Assert(dy.Columns == b.Columns && b.Rows == dx.Columns && dy.Rows == dx.Rows, $"{dy} · {b}ᵀ = {dx}");
        Count(dy.Rows);

        if (UsesOpenBlas(packed == null ? GemmKind.TransposedOnce : GemmKind.Transposed, dx, b, packed))
            GemmOpenBlas.Run(GemmKind.Transposed, dx, b, dy, accumulate);
        else
            RunPacked(GemmProduct<T>.MultiplyTransposed(dy, b, dx, accumulate), packed);
    }

    /// <summary>dB (+)= Xᵀ·dY, the sum over the stack of the outer products of its rows.</summary>
    /// <param name="x">[n × k].</param>
    /// <param name="dy">[n × m].</param>
    /// <param name="db">[k × m].</param>
    /// <param name="accumulate">Add to db.</param>
    public static void OuterProductSum<T>(in Matrix<T> x, in Matrix<T> dy, in Matrix<T> db, bool accumulate = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Debug.Assert(x.Columns == db.Rows && dy.Columns == db.Columns && x.Rows == dy.Rows, $"{x}ᵀ · {dy} = {db}");
        Count(x.Rows);

        if (UsesOpenBlas(GemmKind.OuterProductSum, x, db, packed: null))
            GemmOpenBlas.Run(GemmKind.OuterProductSum, x, db, dy, accumulate);
        else
            RunPacked(GemmProduct<T>.OuterProductSum(x, dy, db, accumulate), packed: null);
    }

    /// <summary>Everything that decides which kernel computes a product, and so how it rounds: mode, libraries, widths, measured rates, threads.</summary>
    public static string Describe<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string packed = $"packed, panels of {GemmPacked<T>.Widest.PanelWidth}";
        if (Mode == GemmKernels.Packed || !OpenBlasLoader.IsAvailable)
            return packed;

        string openBlas = $"OpenBLAS {OpenBlasLoader.Library.CoreName} {OpenBlasLoader.Library.Config}";
        return Mode == GemmKernels.OpenBlas ? openBlas : $"{packed}, or {openBlas}, by the rates {GemmCostModel.Current<T>().Table.Digest}";
    }

    /// <summary>Chooses kernels by the rates that another process has measured, so that both round alike.</summary>
    /// <param name="share">Gives this process's rates, as text, and returns those to go by; nothing where there are none.</param>
    public static void ShareRates<T>(Func<string, string> share)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool uses = Mode == GemmKernels.Auto && OpenBlasLoader.IsAvailable;
        string text = share(uses ? string.Join('\n', GemmCostModel.Current<T>().Table.ToLines()) : "");
        if (uses && text.Length > 0 && GemmRateTable.Parse(text.Split('\n')) is { } table)
            GemmCostModel.Use<T>(table);
    }

    /// <summary>Which kernel the mode, and in <see cref="GemmKernels.Auto"/> the cost model, want for a product of these forward
    /// shapes.</summary>
    private static bool UsesOpenBlas<T>(GemmKind kind, in Matrix<T> x, in Matrix<T> b, PackedWeights<T>? packed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool transposed = kind is GemmKind.Transposed;
        if (Mode == GemmKernels.Packed || !OpenBlasLoader.IsAvailable)
        {
            packed?.CountUse(transposed);
            return false;
        }

        if (Mode == GemmKernels.OpenBlas)
            return true;

        int uses = GemmCostModel.Current<T>().LeastUses(kind, x.Rows, b.Rows, b.Columns);

        // If even a packing that costs nothing does not help, its cost does not matter.
        return uses == GemmCostModel.Never || (packed != null && packed.CountUse(transposed) < uses);
    }

    private static void RunPacked<T>(in GemmProduct<T> product, PackedWeights<T>? packed)
        where T : unmanaged
    {
        if (packed != null)
            packed.Run(product, GemmPacked<T>.Widest);
        else
            GemmPacked<T>.Widest.Run(product);
    }

    private static void Count(int rows) => Interlocked.Increment(ref rows == 1 ? ref _gemvCalls : ref _gemmCalls);
}
