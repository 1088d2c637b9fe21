using System.Diagnostics;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Diagnostics;

/// <summary>The yardstick for utilisation: the fastest matrix product this machine was seen to compute.</summary>
public static unsafe class GemmPeak
{
    private const int Rows = 112;
    private const int Inner = 256;
    private const int ColumnsPerThread = 256;

    /// <summary>The best rate of the packed float32 product of 112 rows with 256 × 256 weights per thread, which stay in its second-level cache.</summary>
    /// <param name="threads">Threads that share the product.</param>
    /// <param name="milliseconds">How long to look for the best.</param>
    /// <returns>GFLOP/s.</returns>
    public static double Measure(int threads, double milliseconds = 100)
    {
        int columns = ColumnsPerThread * threads;
        using NativeBuffer<float> x = new(Rows * Inner);
        using NativeBuffer<float> b = new((long)Inner * columns);
        using NativeBuffer<float> y = new((long)Rows * columns);
        using PackedWeights<float> packed = new();
        x.Span.Fill(1);
        b.Span.Fill(1);

        var product = GemmProduct<float>.Multiply(
            new(x.Pointer, Rows, Inner), new(b.Pointer, Inner, columns), new(y.Pointer, Rows, columns), accumulate: false);
        double best = double.MaxValue;
        using ComputeSettings.Scope settings = new ComputeSettings(threads, GemmKernels.Packed).Use();
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalMilliseconds < milliseconds)
        {
            long begin = Stopwatch.GetTimestamp();
            packed.Run(product, GemmPacked<float>.Widest);
            best = Math.Min(best, Stopwatch.GetElapsedTime(begin).TotalSeconds);
        }

        return product.Flops * 1e-9 / best;
    }
}
