using System.Diagnostics;
using System.Numerics;
using BlasNet.Memory;

namespace BlasNet.Kernels;

/// <summary>Measures both kernels over the grid of <see cref="GemmRateTable"/>; about a third of a second.</summary>
internal static unsafe class GemmCalibration
{
    /// <summary>A time is believed when a second one comes this close; on a machine shared with others many do not.</summary>
    private const double Confirmation = 1.05;

    private const int MaxRounds = 6;
    private const double MinSeconds = 20e-6;

    /// <summary>Larger products run at much the same rate as this one with fewer rows, and would take longer to measure than all others.</summary>
    private const double MaxFlops = 5e7;

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
        BestTime openBlas = new();
        BestTime managed = new();

        void RunOpenBlas() => GemmOpenBlas.Run(kind, x, b, y, accumulate: false);

        void RunPacked()
        {
            if (kept)
                packed.Run(product, GemmPacked<T>.Widest);
            else
                GemmPacked<T>.Widest.Run(product);
        }

        for (int round = 0; round < MaxRounds && !(managed.IsConfirmed && (openBlasRate != null || openBlas.IsConfirmed)); round++)
        {
            if (openBlasRate == null)
                openBlas.Add(Seconds(RunOpenBlas));

            managed.Add(Seconds(RunPacked));
        }

        double gflop = product.Flops * 1e-9;

        return new GemmRate(kind, b.Rows, x.Rows, openBlasRate ?? gflop / openBlas.Seconds, gflop / managed.Seconds);
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

    /// <summary>The best of several times, and whether the second best bears it out.</summary>
    private sealed class BestTime
    {
        private double _second = double.PositiveInfinity;

        public double Seconds { get; private set; } = double.PositiveInfinity;

        public bool IsConfirmed => double.IsFinite(_second) && _second <= Seconds * Confirmation;

        public void Add(double seconds)
        {
            _second = Math.Max(Seconds, Math.Min(_second, seconds));
            Seconds = Math.Min(Seconds, seconds);
        }
    }
}
