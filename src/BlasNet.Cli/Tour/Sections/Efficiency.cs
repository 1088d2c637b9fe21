using BlasNet.Cli.Benchmarks;
using BlasNet.Cli.Drawing;
using BlasNet.Cli.Output;
using BlasNet.Cli.Tour.Page;
using BlasNet.Diagnostics;

namespace BlasNet.Cli.Tour.Sections;

/// <summary>Products of B vectors with one matrix, GFLOP/s; without OpenBLAS two of them are missing.</summary>
internal sealed record ProductPoint(int H, int Batch, int Threads, double? Gemv, double? Openblas, double Packed, double Chosen, double Bytes, double Flops);

/// <summary>A whole training step: the mean over the fastest of several passes, so that other work on the machine counts little.</summary>
internal sealed record StepResult(string Batching, int Batch, double Seconds, double ExamplesPerSecond, double GemmCalls, double GemvCalls, double ModelFlopUtilisation);

/// <summary>What the second section measured.</summary>
internal sealed record EfficiencyResult(
    double PeakGflops, double PackedPeakGflops, IReadOnlyList<BandwidthPoint> Bandwidth, IReadOnlyList<MemoryLevel> Levels, IReadOnlyList<ProductPoint> Products, IReadOnlyList<StepResult> Steps);

/// <summary>Second question: when is the efficiency exploited, and is there any without parallel hardware?</summary>
internal static class Efficiency
{
    private const int StepBatch = 128;

    private static readonly int[] Batches = [1, 2, 4, 8, 16, 32, 64, 128];

    public static EfficiencyResult Run(PageBuilder page, TourOptions options, Action<double> progress, CancellationToken cancellation)
    {
        IReadOnlyList<BandwidthPoint> bandwidth = Machine.MeasureBandwidth(options.Quick ? 20 : 60, options.Quick ? 128 << 20 : 256 << 20);
        IReadOnlyList<MemoryLevel> levels = Machine.LevelsOf(bandwidth);
        progress(0.15);
        double packedPeak = GemmPeak.Measure(1, options.Quick ? 100 : 300), peak = Math.Max(packedPeak, Machine.MeasurePeak(options.Quick ? 100 : 300));
        int[] sizes = options.Quick ? [512] : [128, 512, 1024], threads = Environment.ProcessorCount >= 2 ? [1, 2] : [1];
        var products = new List<ProductPoint>();
        GemmGrid.Measure(sizes, Batches, threads, point =>
        {
            cancellation.ThrowIfCancellationRequested();
            products.Add(ResultOf(point));
            progress(0.2 + 0.4 * products.Count / (sizes.Length * Batches.Length * threads.Length));
        });
        StepResult[] steps = [Step(false, options, cancellation), Step(true, options, cancellation)];
        progress(1);
        var result = new EfficiencyResult(peak, packedPeak, bandwidth, levels, products, steps);
        Show(page, result);
        return result;
    }

    private static ProductPoint ResultOf(GemmGridPoint point)
    {
        #region intensity
        // Y = X·Wᵀ, W h × h, B rows, float32: every element read or written once.
        double flops = 2.0 * point.Batch * point.Size * point.Size;
        double bytes = 4.0 * point.Size * point.Size + 2 * 4.0 * point.Batch * point.Size;
        double intensity = flops / bytes;    // B = 1: ½ flop a byte; it grows almost as B
        #endregion
        _ = intensity;
        return new ProductPoint(point.Size, point.Batch, point.Threads, NumberOf(point.Gemv), NumberOf(point.OpenBlas), point.Packed, point.Chosen, bytes, flops);
    }

    private static double? NumberOf(double rate) => double.IsNaN(rate) ? null : rate;

    private static StepResult Step(bool batching, TourOptions options, CancellationToken cancellation)
    {
        int examples = StepBatch * (options.Quick ? 8 : 32);
        #region step
        var compute = new ComputeOptions { Threads = 1, Batching = batching };
        var how = new WorkloadOptions { Batch = StepBatch, Limit = examples, Compute = compute };
        using Workload workload = MlpWorkload.Create(how);
        WorkloadMeasurement measured = WorkloadTimer.Run(workload, ranks: null, cancellation);
        #endregion
        var line = WorkloadLine.Of(MlpWorkload.Name, how, gemm: "auto", workload, measured);
        return new StepResult(
            line.Batching, StepBatch, StepBatch / line.ExamplesPerSecondMax, line.ExamplesPerSecondMax, line.GemmCalls, line.GemvCalls,
            line.ModelFlopUtilisation * line.ExamplesPerSecondMax / line.ExamplesPerSecond);
    }

    private static void Show(PageBuilder page, EfficiencyResult result)
    {
        ProductPoint[] main = [.. result.Products.Where(point => point is { H: 512, Threads: 1 })];
        double vector = main[0].Gemv ?? main[0].Packed, best = main.Max(point => point.Chosen);
        page.Section("efficiency", "Is there any efficiency without parallel hardware?", "When is the efficiency exploited? Is there any without parallel hardware?",
            $"<strong>When the products run, and yes: one thread of this machine computes {Figures.Short(best / vector)} times as many operations a second for many vectors at once as for one.</strong> A product with one vector reads every weight to use it once. "
            + "A product with <i>B</i> vectors uses each weight it has read <i>B</i> times. The operations are the same; what is saved is moving the weights, so one core is enough to gain from it.");
        Curves(page, main, result.Products);
        Roofline(page, result, main);
        Threads(page, result);
        Steps(page, result);
    }

    private static void Curves(PageBuilder page, ProductPoint[] points, IReadOnlyList<ProductPoint> all)
    {
        page.Heading("B products with a vector, or one product with B vectors");
        List<ChartSeries> series = [];
        if (points[0].Gemv is not null)
        {
            series.Add(new ChartSeries("B × GEMV", [.. points.Select(p => ((double)p.Batch, p.Gemv!.Value))], 2));
            series.Add(new ChartSeries("OpenBLAS GEMM", [.. points.Select(p => ((double)p.Batch, p.Openblas!.Value))], 1));
        }

        series.Add(new ChartSeries("packed GEMM", [.. points.Select(p => ((double)p.Batch, p.Packed))], 3));
        string slower = SlowerSentence(points);
        page.Chart(new Chart("Rate of Y = X·Wᵀ over the number of vectors, W 512 × 512, one thread",
            $"B = 1: {Figures.Short(points[0].Packed)} GFLOP/s packed; B = {points[^1].Batch}: {Figures.Short(points[^1].Packed)}. {slower}",
            new ChartAxis("B, number of vectors (log)", 2), new ChartAxis("GFLOP/s", Minimum: 0), series)
        { XTicks = [.. points.Select(p => (double)p.Batch)] },
            $"For each B the same 2·512²·B operations, done in three ways. {slower} The packed kernel keeps <i>W</i> in the order in which it is read, from one update to the next.");
        ProductPoint[] others = [.. all.Where(point => point is { H: not 512, Threads: 1, Batch: 1 or 4 or 16 or 128 })];
        if (others.Length > 0)
        {
            page.Table("Other sizes, W <i>h</i> × <i>h</i>, one thread, GFLOP/s. “Chosen” is what BlasNet runs when it is left to choose.", ["<i>h</i>, <i>B</i>", "B × GEMV", "OpenBLAS GEMM", "packed GEMM", "chosen"],
                others.Select(p => new[] { $"{p.H}, {p.Batch}", p.Gemv is { } gemv ? Figures.Whole(gemv) : "–", p.Openblas is { } gemm ? Figures.Whole(gemm) : "–", Figures.Whole(p.Packed), Figures.Whole(p.Chosen) }));
        }

        page.Source("Efficiency.cs", "intensity", "Bytes and operations of one product, as the roofline below counts them.");
    }

    // Said only if it was so in this run.
    private static string SlowerSentence(ProductPoint[] points)
    {
        ProductPoint[] slower = [.. points.Where(p => p.Batch > 1 && p.Openblas < p.Gemv)];
        return slower.Length == 0
            ? points[0].Gemv is null ? "OpenBLAS was not found, so its curves are missing." : "OpenBLAS’s GEMM was faster than GEMV for every B > 1 in this run."
            : $"At B = {string.Join(", ", slower.Select(p => p.Batch))} OpenBLAS’s GEMM is slower than B separate GEMV ({string.Join(", ", slower.Select(p => $"{Figures.Short(p.Openblas!.Value)} against {Figures.Short(p.Gemv!.Value)} GFLOP/s"))}): "
                + "on every call it first copies W into a packed layout, and with few vectors that copy is not paid back."
                + (slower[0].Batch > 2 && points.First(p => p.Batch == 2) is { Openblas: { } two, Gemv: { } separate, H: var h } && two > 1.2 * separate && 2.0 * h * h <= 1e6
                    ? " (Up to 10⁶ multiplications, here B = 2, it has a kernel that does not copy.)" : "");
    }

    private static void Roofline(PageBuilder page, EfficiencyResult result, ProductPoint[] points)
    {
        page.Heading("The roofline: why");
        double[] intensities = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64];
        var series = new List<ChartSeries>();
        int[] colours = [5, 6, 4, 0];   // those of the products are 1 to 3
        foreach (MemoryLevel level in result.Levels)
        {
            double ridge = result.PeakGflops / level.GigabytesPerSecond;
            series.Add(new ChartSeries($"{level.Name}, {Figures.Short(level.GigabytesPerSecond)} GB/s",
                [.. intensities.Where(x => x < ridge).Append(ridge).Select(x => (x, x * level.GigabytesPerSecond))], colours[Math.Min(series.Count, 3)])
            { Marked = false, Dashed = true, InKey = true });
        }

        if (points[0].Gemv is not null)
        {
            series.Add(new ChartSeries("B × GEMV", [.. points.Select(p => (0.5, p.Gemv!.Value))], 2) { Joined = false });
            series.Add(new ChartSeries("OpenBLAS GEMM", [.. points.Select(p => (p.Flops / p.Bytes, p.Openblas!.Value))], 1));
        }

        series.Add(new ChartSeries("packed GEMM", [.. points.Select(p => (p.Flops / p.Bytes, p.Packed))], 3));
        ProductPoint one = points[0], eight = points.First(p => p.Batch == 8);
        page.Chart(new Chart("Roofline of one core, and the products on it",
            $"Peak {Figures.Short(result.PeakGflops)} GFLOP/s; " + string.Join(", ", result.Levels.Select(level => $"{level.Name} {Figures.Short(level.GigabytesPerSecond)} GB/s")) + ".",
            new ChartAxis("operations per byte moved (log)", 2), new ChartAxis("GFLOP/s (log)", 2), series)
        { References = [new ChartReference($"peak of the arithmetic, {Figures.Short(result.PeakGflops)} GFLOP/s", result.PeakGflops)] },
            "Each slanted line is what a level of memory delivers, the level one what the arithmetic can do, all measured in this run: no product can be above the level one, nor above the line of the memory that its weights come from. "
            + $"One vector moves {Figures.Bytes(one.Bytes)} for {Figures.Whole(one.Flops)} operations, {Figures.Short(one.Flops / one.Bytes)} a byte; eight move {Figures.Bytes(eight.Bytes)} for {Figures.Whole(eight.Flops)}, {Figures.Short(eight.Flops / eight.Bytes)} a byte. "
            + BoundSentence(result, one) + "B × GEMV stays where it is, however large B: each call reads W again.", height: 460);
        page.Chart(new Chart("How fast one core reads memory", string.Join(", ", result.Levels.Select(level => $"{level.Name} {Figures.Short(level.GigabytesPerSecond)} GB/s")) + ".",
            new ChartAxis("size of what is read again and again (log)", 2) { Format = bytes => Figures.Bytes(bytes) }, new ChartAxis("GB/s", Minimum: 0),
            [new ChartSeries("", [.. result.Bandwidth.Select(point => ((double)point.Bytes, point.GigabytesPerSecond))], 4)]),
            $"The steps are the levels of the hierarchy: {string.Join(", ", result.Levels.Where(level => level.Bytes > 0).Select(level => $"{level.Name} {Figures.Bytes(level.Bytes)}"))}. A level that is shared with other cores gives way earlier.", height: 300);
    }

    // Why one vector is slow: the weights' level of memory, its rate, and what that allows.
    private static string BoundSentence(EfficiencyResult result, ProductPoint one)
    {
        MemoryLevel level = result.Levels.FirstOrDefault(level => level.Bytes >= one.Bytes) ?? result.Levels[^1];
        double bound = Math.Min(result.PeakGflops, level.GigabytesPerSecond * one.Flops / one.Bytes);
        return $"With one vector, {level.Name} at {Figures.Short(level.GigabytesPerSecond)} GB/s allows {Figures.Short(bound)} GFLOP/s; {Figures.Short(one.Gemv ?? one.Packed)} were measured, of a peak of {Figures.Short(result.PeakGflops)}. ";
    }

    private static void Threads(PageBuilder page, EfficiencyResult result)
    {
        ProductPoint[] two = [.. result.Products.Where(point => point is { H: 512, Threads: 2 })];
        if (two.Length == 0)
            return;

        ProductPoint[] one = [.. result.Products.Where(point => point is { H: 512, Threads: 1 })];
        page.Heading("Then two threads");
        page.Chart(new Chart("The kernel chosen automatically, on one and on two threads, W 512 × 512",
            $"At B = {one[^1].Batch}: {Figures.Short(one[^1].Chosen)} and {Figures.Short(two[^1].Chosen)} GFLOP/s.",
            new ChartAxis("B, number of vectors (log)", 2), new ChartAxis("GFLOP/s", Minimum: 0),
            [
                new ChartSeries("two threads", [.. two.Select(p => ((double)p.Batch, p.Chosen))], 4),
                new ChartSeries("one thread", [.. one.Select(p => ((double)p.Batch, p.Chosen))], 3),
            ])
        { XTicks = [.. one.Select(p => (double)p.Batch)] },
            (two[^1].Chosen > 1.2 * one[^1].Chosen ? "Parallel hardware comes on top, and it too has more to do in a wide product" : "In this run the second thread was of no use: other work had the second processor, or it shares its arithmetic with the first, or waiting for it took longer than it saved")
                + $". Two threads have {Figures.Whole(100 * two[0].Chosen / one[0].Chosen)} % of the rate of one at B = 1, and {Figures.Whole(100 * two[^1].Chosen / one[^1].Chosen)} % at B = {one[^1].Batch}. What was gained above, with one thread, needed no second one.", height: 330);
    }

    private static void Steps(PageBuilder page, EfficiencyResult result)
    {
        var (off, on) = (result.Steps[0], result.Steps[1]);
        page.Heading("A whole training step");
        page.Bars(new BarChart($"A training step of {StepBatch} examples, network 784-512-512-10, one thread",
            $"Batched {Figures.Short(on.ExamplesPerSecond)} examples/s, not batched {Figures.Short(off.ExamplesPerSecond)}.",
            [
                new Bar($"not batched: {Figures.Whole(off.GemvCalls)} GEMV, {Figures.Whole(off.GemmCalls)} GEMM", off.ExamplesPerSecond, $"{Figures.Short(off.ExamplesPerSecond)} examples/s", 2),
                new Bar($"batched: {Figures.Whole(on.GemvCalls)} GEMV, {Figures.Whole(on.GemmCalls)} GEMM", on.ExamplesPerSecond, $"{Figures.Short(on.ExamplesPerSecond)} examples/s", 3),
            ]),
            $"Building the graphs, batching, differentiating, planning, computing and updating: all of it. {Figures.Short(on.ExamplesPerSecond / off.ExamplesPerSecond)} times as fast, with the same model source and one thread; "
            + $"{on.ModelFlopUtilisation:P0} of what the packed kernel can do at best, against {off.ModelFlopUtilisation:P0}. The fastest of {WorkloadTimer.Passes} passes over the data.");
        page.Source("DigitClassifier.cs", "model", "The model: its loss is that of one digit, and nothing in it says how many are computed at once.");
        page.Source("Efficiency.cs", "step", "The measurement; <code>batching</code> is false, then true.");
    }
}
