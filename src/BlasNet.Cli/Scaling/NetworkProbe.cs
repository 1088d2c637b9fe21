using System.Diagnostics;
using System.Numerics.Tensors;
using BlasNet.Ranks;

namespace BlasNet.Cli.Scaling;

/// <summary>Measures what the model of a network is made of.</summary>
internal static class NetworkProbe
{
    private const int Repetitions = 31, SmallBytes = 64, LeastBytes = 1 << 16;

    /// <summary>α and β, as exchanges between these ranks show them.</summary>
    /// <param name="ranks">At least two.</param>
    /// <param name="gradientBytes">So long are the long exchanges: caches make their speed a matter of length.</param>
    public static Network Measure(Communicator ranks, double gradientBytes)
    {
        int peers = ranks.Size, part = (int)Math.Max(LeastBytes, gradientBytes / peers);
        double small = TimeAllGather(ranks, SmallBytes), large = TimeAllToAll(ranks, part);
        double latency = small / Math.Ceiling(Math.Log2(peers));
        double messages = new Network(latency, double.PositiveInfinity).Exchange(peers, (double)part * peers);
        double transfer = Math.Max(large / 10, large - messages);   // latencies vary, too
        return new Network(ranks.AllGather(latency).Average(), ranks.AllGather((peers - 1) * part / transfer).Average());
    }

    /// <summary>Seconds to add one byte of one gradient to another.</summary>
    /// <param name="gradientBytes">Of each.</param>
    public static double SecondsPerByte(double gradientBytes)
    {
        int length = (int)Math.Max(LeastBytes, gradientBytes) / sizeof(float);
        float[] sum = new float[length], other = new float[length];
        return MedianTime(() => TensorPrimitives.Add<float>(sum, other, sum)) / (sizeof(float) * length);
    }

    private static double TimeAllGather(Communicator ranks, int bytes)
    {
        byte[] mine = new byte[bytes], all = new byte[bytes * ranks.Size];
        int[] lengths = [.. Enumerable.Repeat(bytes, ranks.Size)];
        return MedianTime(() => ranks.AllGather(mine, all, lengths));
    }

    private static double TimeAllToAll(Communicator ranks, int part)
    {
        byte[] mine = new byte[part * ranks.Size], received = new byte[part * ranks.Size];
        int[] lengths = [.. Enumerable.Repeat(part, ranks.Size)];
        return MedianTime(() => ranks.AllToAll(mine, lengths, received, lengths));
    }

    private static double MedianTime(Action action)
    {
        var seconds = new double[Repetitions];
        for (int i = 0; i < Repetitions; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(seconds);
        return seconds[Repetitions / 2];
    }
}
