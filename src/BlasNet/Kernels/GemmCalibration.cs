using System.Diagnostics;
using System.Numerics;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>Measures both kernels over the grid of <see cref="GemmRateTable"/>; about a quarter of a second.</summary>
internal static unsafe class GemmCalibration
{
    private const int Rounds = 2;
    private const double MinSeconds = 20e-6;

    /// <summary>Larger products run at much the same rate as this one with fewer rows, and would take longer to measure than all others.</summary>
    private const double MaxFlops = 1e8;

    public static GemmRateTable Measure<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int maxSize = GemmRateTable.Sizes[^1];
        int maxRows = GemmRateTable.Rows[^1];
        using NativeBuffer<T> x = new((long)maxRows * maxSize);
        using NativeBuffer<T> b = new((long)maxSize * maxSize);
        using NativeBuffer<T> y = new((long)maxRows * maxSize);
        Dictionary<(GemmKind Kind, int Size, int Rows), GemmRate> rates = [];
        GemmRate last = default;

        // Any values will do that no product makes denormal or infinite.
        x.Span.Fill(T.One);
        b.Span.Fill(T.One);
        y.Span.Fill(T.One);

        foreach ((GemmKind kind, int size, int rows) in GemmRateTable.Points())
        {
            if (2.0 * size * size * rows <= MaxFlops)
            {
                // For OpenBLAS it makes no difference whether we have packed something.
                GemmKind kept = kind switch { GemmKind.ForwardOnce => GemmKind.Forward, GemmKind.TransposedOnce => GemmKind.Transposed, _ => kind };
                double? known = kept == kind ? null : rates[(kept, size, rows)].OpenBlas;
                last = Measure(kind, new(x.Pointer, rows, size), new(b.Pointer, size, size), new Matrix<T>(y.Pointer, rows, size), known);
            }

            rates.Add((kind, size, rows), last with { Kind = kind, Size = size, Rows = rows });
        }

        return new GemmRateTable([.. GemmRateTable.Points().Select(point => rates[point])]);
    }

    /// <summary>The two kernels in turn, the best of each: what disturbs a measurement only ever slows it down.</summary>
    private static GemmRate Measure<T>(GemmKind kind, Matrix<T> x, Matrix<T> b, Matrix<T> y, double? openBlasRate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using PackedWeights<T> packed = new();
        GemmProduct<T> product = kind switch
        {
            GemmKind.Forward or GemmKind.ForwardOnce => GemmProduct<T>.Multiply(x, b, y, accumulate: false),
            GemmKind.Transposed or GemmKind.TransposedOnce => GemmProduct<T>.MultiplyTransposed(y, b, x, accumulate: false),
            _ => GemmProduct<T>.OuterProductSum(x, y, b, accumulate: false),
        };
        bool kept = kind is GemmKind.Forward or GemmKind.Transposed;
        double openBlas = double.MaxValue;
        double managed = double.MaxValue;

        void RunOpenBlas() => GemmOpenBlas.Run(kind, x, b, y, accumulate: false);

        void RunPacked()
        {
            if (kept)
                packed.Run(product, GemmPacked<T>.Widest);
            else
                GemmPacked<T>.Widest.Run(product);
        }

        for (int round = 0; round < Rounds; round++)
        {
            openBlas = openBlasRate == null ? Math.Min(openBlas, Seconds(RunOpenBlas)) : openBlas;
            managed = Math.Min(managed, Seconds(RunPacked));
        }

        double gflop = product.Flops * 1e-9;

        return new GemmRate(kind, b.Rows, x.Rows, openBlasRate ?? gflop / openBlas, gflop / managed);
    }

    private static double Seconds(Action run)
    {
        // The other kernel has put its own operands into the caches.
        run();
        long start = Stopwatch.GetTimestamp();
        double seconds;
        int runs = 0;

        do
        {
            run();
            runs++;
            seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        while (seconds < MinSeconds);

        return seconds / runs;
    }
}
