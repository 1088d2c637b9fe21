using System.Diagnostics;
using BlasNet.Kernels;
using BlasNet.Memory;
using BlasNet.Native;

namespace BlasNet.Diagnostics;

/// <summary>Rates of the forward product of <c>Batch</c> rows with Size × Size weights, float32, in GFLOP/s.</summary>
/// <param name="Size">Rows and columns of the weights.</param>
/// <param name="Batch">Rows of the stack.</param>
/// <param name="Threads">Threads per product.</param>
/// <param name="Gemv">One GEMV through OpenBLAS for each row; NaN without OpenBLAS.</param>
/// <param name="OpenBlas">One GEMM through OpenBLAS; NaN without OpenBLAS.</param>
/// <param name="Packed">The managed kernels, weights packed before.</param>
/// <param name="Chosen">What <see cref="Gemm"/> makes of it in <see cref="GemmKernels.Auto"/>.</param>
public readonly record struct GemmGridPoint(int Size, int Batch, int Threads, double Gemv, double OpenBlas, double Packed, double Chosen);

/// <summary>Measures the forward product over sizes, batches and threads.</summary>
public static unsafe class GemmGrid
{
    public static readonly int[] Sizes = [64, 128, 256, 512, 1024, 2048];
    public static readonly int[] Batches = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256];

    /// <summary>Samples of each kernel at each point, in turn; the median counts.</summary>
    private const int Rounds = 25;

    /// <summary>A sample repeats the product for at least this long: short, so that a disturbance meets all kernels, or few samples of one.</summary>
    private const double MinSampleSeconds = 50e-6;

    /// <param name="sizes">Rows and columns of the weights.</param>
    /// <param name="batches">Rows of the stack.</param>
    /// <param name="threads">Threads per product.</param>
    /// <param name="progress">Called with each point as it is measured.</param>
    public static IReadOnlyList<GemmGridPoint> Measure(
        IReadOnlyList<int> sizes, IReadOnlyList<int> batches, IReadOnlyList<int> threads, Action<GemmGridPoint>? progress = null)
    {
        List<GemmGridPoint> points = [];
        foreach (int size in sizes)
        {
            foreach (int batch in batches)
            {
                foreach (int count in threads)
                {
                    points.Add(MeasurePoint(size, batch, count));
                    progress?.Invoke(points[^1]);
                }
            }
        }

        return points;
    }

    private static GemmGridPoint MeasurePoint(int size, int batch, int threads)
    {
        using NativeBuffer<float> xs = NewRandom((long)batch * size);
        using NativeBuffer<float> bs = NewRandom((long)size * size);
        using NativeBuffer<float> ys = new((long)batch * size);
        using PackedWeights<float> packed = new();
        Matrix<float> x = new(xs.Pointer, batch, size);
        Matrix<float> b = new(bs.Pointer, size, size);
        Matrix<float> y = new(ys.Pointer, batch, size);

        void Multiply(GemmKernels kernels)
        {
            using ComputeSettings.Scope settings = new ComputeSettings(threads, kernels).Use();
            Gemm.Multiply(x, b, y, packed: packed);
        }

        void Gemv()
        {
            using ComputeSettings.Scope settings = new ComputeSettings(threads, GemmKernels.OpenBlas).Use();
            for (int row = 0; row < batch; row++)
                GemmOpenBlas.Run(GemmKind.Forward, x.RowRange(row, 1), b, y.RowRange(row, 1), accumulate: false);
        }

        double gflop = 2e-9 * batch * size * size;
        List<Action> kernels = [() => Multiply(GemmKernels.Packed), () => Multiply(GemmKernels.Auto)];

        if (OpenBlasLoader.IsAvailable)
            kernels.AddRange([() => Multiply(GemmKernels.OpenBlas), Gemv]);

        double[] rates = [.. MedianSeconds(kernels).Select(seconds => gflop / seconds)];

        return new GemmGridPoint(size, batch, threads,
            Gemv: rates.ElementAtOrDefault(3, double.NaN), OpenBlas: rates.ElementAtOrDefault(2, double.NaN), Packed: rates[0], Chosen: rates[1]);
    }

    /// <summary>All kernels in turn, so that what disturbs one disturbs its neighbours too.</summary>
    private static double[] MedianSeconds(List<Action> kernels)
    {
        var samples = kernels.ConvertAll(_ => new List<double>());

        // One round to warm caches and compiler.
        for (int round = -1; round < Rounds; round++)
        {
            for (int i = 0; i < kernels.Count; i++)
            {
                double seconds = Sample(kernels[i]);

                if (round >= 0)
                    samples[i].Add(seconds);
            }
        }

        return [.. samples.Select(sample => sample.Order().ElementAt(sample.Count / 2))];
    }

    private static double Sample(Action kernel)
    {
        // Whatever ran before has put its own operands into the caches; this run also tells how many make a sample.
        long start = Stopwatch.GetTimestamp();
        kernel();
        // A product shorter than a tick of the time span seems to take no time; it must not make the sample endless.
        double once = Math.Max(1e-7, Stopwatch.GetElapsedTime(start).TotalSeconds);
        int runs = Math.Max(1, (int)(MinSampleSeconds / once));
        start = Stopwatch.GetTimestamp();

        for (int run = 0; run < runs; run++)
            kernel();

        return Stopwatch.GetElapsedTime(start).TotalSeconds / runs;
    }

    private static double ElementAtOrDefault(this double[] values, int index, double fallback) => index < values.Length ? values[index] : fallback;

    private static NativeBuffer<float> NewRandom(long length)
    {
        NativeBuffer<float> buffer = new(length);
        Random random = new(1);

        foreach (ref float value in buffer.Span)
            value = random.NextSingle() - 0.5f;

        return buffer;
    }
}
