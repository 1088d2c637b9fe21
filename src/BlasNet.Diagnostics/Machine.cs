using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using BlasNet.Memory;

namespace BlasNet.Diagnostics;

/// <summary>How fast memory of one size is read.</summary>
/// <param name="Bytes">Size of what is read again and again.</param>
/// <param name="GigabytesPerSecond">The best of several readings.</param>
public sealed record BandwidthPoint(long Bytes, double GigabytesPerSecond);

/// <summary>A level of the memory hierarchy.</summary>
/// <param name="Name">L1, L2, L3, memory.</param>
/// <param name="Bytes">Its size, as the operating system tells it; 0 for memory.</param>
/// <param name="GigabytesPerSecond">Measured with data that fits into it but not into the level before.</param>
public sealed record MemoryLevel(string Name, long Bytes, double GigabytesPerSecond);

/// <summary>What one core can do: read from each level of memory, and multiply and add in registers.</summary>
public static unsafe class Machine
{
    private const int VectorBytes = 64, Unrolled = 8;

    /// <summary>Reading rates over sizes from 16 KiB to 256 MiB.</summary>
    /// <param name="milliseconds">For each size.</param>
    /// <param name="largest">Bytes of the last size.</param>
    public static IReadOnlyList<BandwidthPoint> MeasureBandwidth(double milliseconds, long largest)
    {
        using NativeBuffer<float> buffer = new(largest / sizeof(float));
        buffer.Span.Fill(1);
        var points = new List<BandwidthPoint>();
        for (long bytes = 16 << 10; bytes <= largest; bytes *= 2)
        {
            double best = double.MaxValue;
            int repeats = (int)Math.Max(1, (1 << 20) / bytes);
            for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalMilliseconds < milliseconds;)
            {
                long begin = Stopwatch.GetTimestamp();
                for (int repeat = 0; repeat < repeats; repeat++)
                    _sink += Read(buffer.Pointer, bytes);

                best = Math.Min(best, Stopwatch.GetElapsedTime(begin).TotalSeconds / repeats);
            }

            points.Add(new BandwidthPoint(bytes, bytes * 1e-9 / best));
        }

        return points;
    }

    /// <summary>The caches of the first processor, with the best rate of what fits into each but not into the one before, and memory.</summary>
    public static IReadOnlyList<MemoryLevel> LevelsOf(IReadOnlyList<BandwidthPoint> points)
    {
        var levels = new List<MemoryLevel>();
        long before = 0;
        foreach (var (name, bytes) in Caches())
        {
            BandwidthPoint[] within = [.. points.Where(point => point.Bytes > before && point.Bytes <= bytes)];
            if (within.Length > 0)
                levels.Add(new MemoryLevel(name, bytes, within.Max(point => point.GigabytesPerSecond)));

            before = bytes;
        }

        BandwidthPoint last = points[^1];
        if (last.Bytes > 2 * before)
            levels.Add(new MemoryLevel("memory", 0, last.GigabytesPerSecond));

        return levels;
    }

    /// <summary>GFLOP/s of fused multiply-adds on registers, without any memory: the roof of everything.</summary>
    public static double MeasurePeak(double milliseconds)
    {
        const int Rounds = 20_000;
        double best = double.MaxValue, flops = Rounds * (Vector512.IsHardwareAccelerated ? 10.0 * 16 * 2 : 10.0 * 8 * 2);
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalMilliseconds < milliseconds;)
        {
            long begin = Stopwatch.GetTimestamp();
            _sink += Vector512.IsHardwareAccelerated ? Fused512(Rounds) : Fused256(Rounds);
            best = Math.Min(best, Stopwatch.GetElapsedTime(begin).TotalSeconds);
        }

        return flops * 1e-9 / best;
    }

    // Linux tells; elsewhere the usual sizes stand in, and only the names of the levels depend on them.
    private static IEnumerable<(string Name, long Bytes)> Caches()
    {
        const string Folder = "/sys/devices/system/cpu/cpu0/cache";
        var found = new SortedDictionary<int, long>();
        if (Directory.Exists(Folder))
        {
            foreach (string index in Directory.GetDirectories(Folder, "index*"))
            {
                string size = Text("size");
                if (Text("type") != "Instruction" && int.TryParse(Text("level"), out int level) && long.TryParse(size.TrimEnd('K', 'M'), CultureInfo.InvariantCulture, out long number))
                    found[level] = number << (size.EndsWith('M') ? 20 : 10);

                string Text(string name) => File.Exists(Path.Combine(index, name)) ? File.ReadAllText(Path.Combine(index, name)).Trim() : "";
            }
        }

        if (found.Count == 0)
            (found[1], found[2], found[3]) = (32 << 10, 1 << 20, 32 << 20);

        return found.Select(level => ($"L{level.Key}", level.Value));
    }

    private static float _sink;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Read(float* data, long bytes)
    {
        Vector512<float> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
        byte* end = (byte*)data + bytes;
        for (byte* at = (byte*)data; at < end; at += Unrolled * VectorBytes)
        {
            a += Vector512.Load((float*)at);
            b += Vector512.Load((float*)(at + 64));
            c += Vector512.Load((float*)(at + 128));
            d += Vector512.Load((float*)(at + 192));
            e += Vector512.Load((float*)(at + 256));
            f += Vector512.Load((float*)(at + 320));
            g += Vector512.Load((float*)(at + 384));
            h += Vector512.Load((float*)(at + 448));
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Fused512(int rounds)
    {
        Vector512<float> x = Vector512.Create(0.5f), y = Vector512.Create(1f);
        Vector512<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x;
        for (int round = 0; round < rounds; round++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y);
            b = Vector512.FusedMultiplyAdd(b, x, y);
            c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y);
            f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y);
            h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Fused256(int rounds)
    {
        Vector256<float> x = Vector256.Create(0.5f), y = Vector256.Create(1f);
        Vector256<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x;
        for (int round = 0; round < rounds; round++)
        {
            a = Vector256.FusedMultiplyAdd(a, x, y);
            b = Vector256.FusedMultiplyAdd(b, x, y);
            c = Vector256.FusedMultiplyAdd(c, x, y);
            d = Vector256.FusedMultiplyAdd(d, x, y);
            e = Vector256.FusedMultiplyAdd(e, x, y);
            f = Vector256.FusedMultiplyAdd(f, x, y);
            g = Vector256.FusedMultiplyAdd(g, x, y);
            h = Vector256.FusedMultiplyAdd(h, x, y);
            i = Vector256.FusedMultiplyAdd(i, x, y);
            j = Vector256.FusedMultiplyAdd(j, x, y);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j);
    }
}
