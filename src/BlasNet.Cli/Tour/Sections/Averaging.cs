using System.Diagnostics;
using System.Globalization;
using BlasNet.Cli.Drawing;
using BlasNet.Cli.Recognition;
using BlasNet.Cli.Tour.Measurements;
using BlasNet.Cli.Tour.Page;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Cli.Tour.Sections;

/// <summary>One optimizer step's gradient, computed in passes of so many examples.</summary>
/// <param name="Pass">Examples of a pass: the compute batch.</param>
/// <param name="Passes">How many passes.</param>
/// <param name="DifferenceSingle">Of the float32 gradient from the float64 one in a single pass, relative, in the Euclidean norm.</param>
/// <param name="DifferenceDouble">Of the float64 gradient from the float64 one in a single pass.</param>
/// <param name="Seconds">Of an optimizer step.</param>
/// <param name="PeakBytes">Memory that a pass takes.</param>
/// <param name="RegulariserOnce">Relative error of the gradient with the regulariser, counted once.</param>
/// <param name="RegulariserPerPass">The same with the regulariser counted in every pass.</param>
/// <param name="Losses">Mean loss of each optimizer step of a training.</param>
/// <param name="ParameterDifference">Relative difference of the trained parameters from those trained in a single pass.</param>
internal sealed record PassResult(
    int Pass, int Passes, double DifferenceSingle, double DifferenceDouble, double Seconds, long PeakBytes,
    double RegulariserOnce, double RegulariserPerPass, IReadOnlyList<double> Losses, double ParameterDifference);

/// <summary>Noise of the gradient of a batch drawn at random.</summary>
/// <param name="Batch">Examples averaged.</param>
/// <param name="Noise">Root mean square of ‖g − ∇L‖ / ‖∇L‖ over the draws.</param>
/// <param name="Low">A tenth of the draws is below.</param>
/// <param name="High">A tenth of the draws is above.</param>
internal sealed record NoisePoint(int Batch, double Noise, double Low, double High);

/// <summary>What the third section measured.</summary>
internal sealed record AveragingResult(int OptimizationBatch, IReadOnlyList<PassResult> Passes, int NoiseComputeBatch, int NoiseDraws, IReadOnlyList<NoisePoint> Noise);

/// <summary>Third question: why tie the minibatch to the optimizer's averaging?</summary>
internal static class Averaging
{
    private const int OptimizationBatch = 50, ComputeBatch = 32, Seed = 1;
    private const double Lambda = 1e-2;

    private static readonly ComputeOptions OneThread = new() { Threads = 1 };

    private static readonly int[] PassSizes = [1, 5, 10, 50], NoiseBatches = [1, 2, 4, 8, 16, 32, 64, 128, 256];

    private static Digit[] Batch => [.. Digits.Train.Take(OptimizationBatch)];

    public static AveragingResult Run(PageBuilder page, TourOptions options, Action<double> progress, CancellationToken cancellation)
    {
        double[] exact = Gradient(Precision.Double, OptimizationBatch);
        double[] regulariser = RegulariserGradient(), exactObjective = [.. exact.Zip(regulariser, (g, r) => g + r)];
        Training single = Train(OptimizationBatch, options, cancellation);
        var passes = new List<PassResult>();
        foreach (int pass in PassSizes)
        {
            Training training = pass == OptimizationBatch ? single : Train(pass, options, cancellation);
            double[] once = ObjectiveCountedOnce(pass), perPass = ObjectiveCountedPerPass(pass, regulariser);
            passes.Add(new PassResult(
                pass, OptimizationBatch / pass, Probe.RelativeDifference(Gradient(Precision.Single, pass), exact), Probe.RelativeDifference(Gradient(Precision.Double, pass), exact),
                training.Seconds, training.PeakBytes, Probe.RelativeDifference(once, exactObjective), Probe.RelativeDifference(perPass, exactObjective),
                training.Losses, Probe.RelativeDifference(training.Parameters, single.Parameters)));
            progress(0.12 * passes.Count);
        }

        int draws = options.Quick ? 16 : 64;
        NoisePoint[] noise = Noise(draws, cancellation);
        progress(1);
        var result = new AveragingResult(OptimizationBatch, passes, ComputeBatch, draws, noise);
        Show(page, result);
        return result;
    }

    private static double[] Gradient(Precision precision, int pass)
    {
        using var model = new Model(Seed, precision);
        #region passes
        var classifier = new DigitClassifier(model, pixels: 64, hidden: [64]);
        var trainer = new Trainer<Digit>(model, classifier.Loss, new Adam())
        {
            OptimizationBatch = 50,           // how many examples one step averages over: statistics
            ComputeBatch = pass,              // how many are computed at once: hardware and memory
        };
        ModelGradient gradient = trainer.GradientOf(Batch);    // adds the sums of all passes; one division at the end
        #endregion
        return Probe.AllOf(model, gradient);
    }

    // λ∇J at the first parameters, for J = ½‖θ‖².
    private static double[] RegulariserGradient()
    {
        using var model = new Model(Seed, Precision.Double);
        _ = new DigitClassifier(model, pixels: 64, hidden: [64]);
        return [.. model.Parameters.SelectMany(parameter => model.ValuesOf(parameter).Select(value => Lambda * value))];
    }

    private static double[] ObjectiveCountedOnce(int pass)
    {
        using var model = new Model(Seed, Precision.Double);
        var classifier = new DigitClassifier(model, pixels: 64, hidden: [64]);
        #region once
        var trainer = new Trainer<Digit>(model, classifier.Loss, new Adam())
        {
            ComputeBatch = pass,
            Regularizer = Regularizer.L2(Lambda, [.. model.Parameters]),   // λ·½‖θ‖²: no part of any example
        };
        #endregion
        return Probe.GradientOf(trainer, Batch);
    }

    private static double[] ObjectiveCountedPerPass(int pass, double[] regulariser)
    {
        using var model = new Model(Seed, Precision.Double);
        var trainer = new Trainer<Digit>(model, new DigitClassifier(model, pixels: 64, hidden: [64]).Loss, new Adam());
        var gradient = new double[regulariser.Length];
        #region per pass
        foreach (Digit[] part in Batch.Chunk(pass))
        {
            double share = (double)part.Length / OptimizationBatch;
            Add(gradient, share, Probe.GradientOf(trainer, part));
            Add(gradient, 1, regulariser);           // wrong: λ∇J is added in every pass
        }
        #endregion
        return gradient;
    }

    private static void Add(double[] sum, double factor, double[] term)
    {
        for (int i = 0; i < sum.Length; i++)
            sum[i] += factor * term[i];
    }

    private sealed record Training(double Seconds, long PeakBytes, double[] Losses, double[] Parameters);

    private static Training Train(int pass, TourOptions options, CancellationToken cancellation)
    {
        using var model = new Model(Seed);
        var profile = new Profile(timesKernels: false);
        var trainer = new Trainer<Digit>(model, new DigitClassifier(model, pixels: 64, hidden: [64]).Loss, new Adam(3e-3), OneThread)
        {
            OptimizationBatch = OptimizationBatch,
            ComputeBatch = pass,
            Profile = profile,
        };
        int steps = options.Quick ? 60 : 120;
        var losses = new double[steps];
        var seconds = new double[steps];
        for (int step = 0; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            Digit[] batch = [.. Enumerable.Range(0, OptimizationBatch).Select(i => Digits.Train[(step * OptimizationBatch + i) % Digits.Train.Count])];
            long start = Stopwatch.GetTimestamp();
            losses[step] = trainer.Step(batch);
            seconds[step] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(seconds);
        return new Training(seconds[steps / 2], profile.PeakBytes, losses, [.. model.Parameters.SelectMany(model.ValuesOf)]);
    }

    private static NoisePoint[] Noise(int draws, CancellationToken cancellation)
    {
        using var model = new Model(Seed);
        var trainer = new Trainer<Digit>(model, new DigitClassifier(model, pixels: 64, hidden: [64]).Loss, new Adam()) { ComputeBatch = ComputeBatch };
        Digit[] all = [.. Digits.Train];
        double[] mean = Probe.GradientOf(trainer, all);
        var random = new Random(Seed);
        return [.. NoiseBatches.Select(size =>
        {
            cancellation.ThrowIfCancellationRequested();
            double[] errors = [.. Enumerable.Range(0, draws).Select(_ =>
            {
                Digit[] batch = [.. Enumerable.Range(0, size).Select(_ => all[random.Next(all.Length)])];
                return Probe.RelativeDifference(Probe.GradientOf(trainer, batch), mean);
            }).Order()];
            return new NoisePoint(size, Math.Sqrt(errors.Average(error => error * error)), errors[draws / 10], errors[^(draws / 10 + 1)]);
        })];
    }

    private static void Show(PageBuilder page, AveragingResult result)
    {
        PassResult first = result.Passes[0], last = result.Passes[^1];
        page.Section("averaging", "Why tie it to the optimizer’s averaging?", "Why is the minibatch tied to the optimizer’s averaging?",
            "<strong>It need not be.</strong> How many examples one step averages over is a question of statistics; how many are computed at once is one of hardware and memory. "
            + "A mean is a sum and one division, so the sum may be computed in any number of passes. The two are usually tied because the examples of a step are laid into one array, whose length then has to serve both.");
        page.Heading($"One step over {result.OptimizationBatch} digits, in passes of 1, 5, 10 and 50");
        page.Source("Averaging.cs", "passes", "Two numbers where there is usually one, the length of an array. The network is 64-64-10.");
        double[] xs = [.. result.Passes.Select(pass => (double)pass.Pass)];
        page.Chart(new Chart("How far the gradient is from that of a single pass in double precision",
            $"float32 at most {Figures.Power(result.Passes.Max(pass => pass.DifferenceSingle))}, float64 at most {Figures.Power(result.Passes.Max(pass => pass.DifferenceDouble))}.",
            new ChartAxis("examples in a pass (log)", 10), new ChartAxis("relative difference (log)", 10, 1e-18, 1e-5),
            [
                new ChartSeries("float32", [.. result.Passes.Select(pass => ((double)pass.Pass, pass.DifferenceSingle))], 1),
                new ChartSeries("float64", [.. result.Passes.Select(pass => ((double)pass.Pass, pass.DifferenceDouble))], 3),
            ])
        {
            XTicks = xs,
            References = [new ChartReference("rounding of one float32, 2⁻²⁴", Math.Pow(2, -24)) { Below = true }, new ChartReference("rounding of one float64, 2⁻⁵³", Math.Pow(2, -53)) { Below = true }],
        }, $"‖<i>g</i> − <i>g</i>*‖ / ‖<i>g</i>*‖ over all parameters, on a logarithmic scale. All differences are rounding, of the size that the number format has anyway. (The float64 gradient in a single pass is <i>g</i>* itself, difference 0.)");
        Path(page, result);
        page.Bars(new BarChart("Time of a step", $"Passes of 1: {Figures.Time(first.Seconds)}; one pass: {Figures.Time(last.Seconds)}.",
            [.. result.Passes.Select(pass => new Bar(Name(pass), pass.Seconds, Figures.Time(pass.Seconds), 1))]), $"The same step, float32; the median of {first.Losses.Count}. It takes {Figures.Short(first.Seconds / last.Seconds)} times as long when every example is a pass of its own.");
        page.Bars(new BarChart("Memory of a pass", $"Passes of 1: {Figures.Bytes(first.PeakBytes)}; one pass: {Figures.Bytes(last.PeakBytes)}.",
            [.. result.Passes.Select(pass => new Bar(Name(pass), pass.PeakBytes, Figures.Bytes(pass.PeakBytes), 5))]), "Of all intermediate values, known from the plan before anything is computed. This, and the time, is all that the compute batch decides.");
        Regulariser(page, result);
        Noise(page, result);
    }

    private static string Name(PassResult pass) => pass.Passes == 1 ? $"1 pass of {pass.Pass}" : $"{pass.Passes} passes of {pass.Pass}";

    private static void Path(PageBuilder page, AveragingResult result)
    {
        double worst = result.Passes.Max(pass => pass.ParameterDifference);
        int[] colours = [2, 1, 3, 4];
        page.Chart(new Chart($"The optimizer’s path: loss over {result.Passes[0].Losses.Count} steps of Adam, four trainings", $"The four curves lie on each other; the parameters differ by at most {Figures.Power(worst)} at the end.",
            new ChartAxis("optimizer step"), new ChartAxis("mean loss", Minimum: 0),
            [.. result.Passes.Select((pass, i) => new ChartSeries(i == 0 ? "all four" : "", [.. pass.Losses.Select((loss, step) => (step + 1.0, loss))], colours[i]) { Marked = false, Dashed = i > 0 })]),
            $"Four curves, one on the other: passes of 1, 5, 10 and 50. After {result.Passes[0].Losses.Count} steps the parameters differ by at most {Figures.Power(worst)}, relative: rounding, carried along by the training.", height: 300);
    }

    private static void Regulariser(PageBuilder page, AveragingResult result)
    {
        page.Heading("The regulariser counts once");
        page.Text("The whole objective is <i>L</i>(<i>θ</i>) = (1/<i>N</i>) Σ <i>ℓ</i>(<i>x<sub>i</sub></i>; <i>θ</i>) + <i>λJ</i>(<i>θ</i>), here with <i>J</i> = ½‖<i>θ</i>‖². Its second part belongs to no example, so it belongs to no pass.");
        page.Source("Averaging.cs", "once", "The right way: the regulariser is said once, and counts once, whatever the passes.");
        page.Source("Averaging.cs", "per pass", "The common mistake, written out and run to see what it does.");
        page.Table($"Relative error of the gradient of the whole objective, λ = {Lambda.ToString(CultureInfo.InvariantCulture)}. Counted in every pass, the regulariser is stronger the smaller the passes are: the memory of the machine would decide what is optimised.",
            ["passes", "counted once", "counted in every pass"],
            result.Passes.Select(pass => new[] { Name(pass), $"<span class=\"yes\">{Figures.Power(pass.RegulariserOnce)}</span>", pass.RegulariserPerPass < 1e-9 ? Figures.Power(pass.RegulariserPerPass) : $"<span class=\"no\">{pass.RegulariserPerPass.ToString("P0", CultureInfo.InvariantCulture)}</span>" }));
    }

    private static void Noise(PageBuilder page, AveragingResult result)
    {
        page.Heading("The counterpart: the optimization batch is statistics");
        NoisePoint one = result.Noise[0], last = result.Noise[^1];
        page.Chart(new Chart("Noise of the gradient over the optimization batch B",
            $"B = 1: {Figures.Short(one.Noise)}; B = {last.Batch}: {Figures.Short(last.Noise)}; 1/√B would give {Figures.Short(one.Noise / Math.Sqrt(last.Batch))}.",
            new ChartAxis("B, examples averaged (log)", 2), new ChartAxis("‖g − ∇L‖ / ‖∇L‖ (log)", 10),
            [
                new ChartSeries("measured", [.. result.Noise.Select(point => ((double)point.Batch, point.Noise))], 1) { Band = [.. result.Noise.Select(point => (point.Low, point.High))] },
                new ChartSeries("∝ 1/√B", [.. result.Noise.Select(point => ((double)point.Batch, one.Noise / Math.Sqrt(point.Batch)))], 2) { Marked = false, Dashed = true },
            ])
        { XTicks = [.. result.Noise.Select(point => (double)point.Batch)] },
            $"<i>g</i> is the mean gradient of B training digits drawn at random, ∇<i>L</i> that of all {Figures.Whole(Digits.Train.Count)}. {result.NoiseDraws} draws for each B: the curve is their root mean square, the band holds four fifths of them. Every gradient was computed in passes of at most {result.NoiseComputeBatch}, whatever B: four times the examples halve the noise and cost four times the work, and that bargain has nothing to do with GEMM.");
    }
}
