using System.Diagnostics;
using BlasNet.Cli.Drawing;
using BlasNet.Cli.Tour.Measurements;
using BlasNet.Cli.Tour.Page;
using BlasNet.Diagnostics;
using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Tour.Sections;

/// <summary>One way of writing the model.</summary>
/// <param name="Name">Which.</param>
/// <param name="Lines">Of source.</param>
/// <param name="WordsPerSecond">Loss and gradient, real words only; the median of the minibatches.</param>
/// <param name="RowsPerWord">Rows that the products compute for each real word.</param>
internal sealed record WritingResult(string Name, int Lines, double WordsPerSecond, double RowsPerWord);

/// <summary>What the fifth section measured.</summary>
internal sealed record IndicesResult(int Batch, int Hidden, int Inputs, double MeanLength, int LongestLength, double Difference, IReadOnlyList<WritingResult> Writings);

/// <summary>Fifth question: why all the indices?</summary>
internal static class Indices
{
    private const int Batch = 64, Inputs = 64, Hidden = 128, Classes = 5, Minibatches = 12;

    public static IndicesResult Run(PageBuilder page, TourOptions options, Action<double> progress, CancellationToken cancellation)
    {
        using var model = new Model(seed: 1);
        #region model
        Parameter W = model.Weight("W", Hidden, Inputs);
        Parameter b = model.Bias("b", Hidden);
        Parameter U = model.Weight("U", Hidden, Hidden);
        Parameter V = model.Weight("V", Classes, Hidden);
        Parameter c = model.Bias("c", Classes);

        Expr Loss(Graph g, Sentence s)              // ONE sentence
        {
            Expr h = Tanh(W * g.Input(s.Words[0]) + b);
            foreach (float[] x in s.Words.Skip(1))
                h = Tanh(W * g.Input(x) + b + U * h);

            return CrossEntropy(V * h + c, s.Label);
        }
        #endregion
        Sentence[][] batches = NewBatches();
        var trainer = new Trainer<Sentence>(model, Loss, new Sgd(0), new ComputeOptions { Threads = 1 });
        var unbatched = new Trainer<Sentence>(model, Loss, new Sgd(0), new ComputeOptions { Threads = 1, Batching = false });
        using var padded = new PaddedNetwork(model, Inputs, Hidden, Classes);
        double worst = 0;
        foreach (Sentence[] batch in batches.Take(3))
        {
            padded.Run(batch);
            double[] ours = Probe.GradientOf(trainer, batch), theirs = padded.Gradient;
            for (int i = 0; i < theirs.Length; i++)
                theirs[i] /= Batch;

            worst = Math.Max(worst, Probe.RelativeDifference(theirs, ours));
        }

        int rounds = options.Quick ? 4 : 12;
        double[] rates = Rates(batches, rounds, progress, cancellation,
            batch => trainer.Step(batch), batch => padded.Run(batch), batch => unbatched.Step(batch));
        double words = batches.Sum(batch => batch.Sum(s => s.Words.Length)), rows = batches.Sum(batch => (double)Batch * batch.Max(s => s.Words.Length));
        string ourCode = SourceCode.Region("Indices.cs", "model"), theirCode = SourceCode.Region("PaddedNetwork.cs", "padded");
        var result = new IndicesResult(Batch, Hidden, Inputs, words / (Batch * batches.Length), batches.Max(batch => batch.Max(s => s.Words.Length)), worst,
        [
            new WritingResult("one sentence at a time, batched by BlasNet", SourceCode.CountLines(ourCode), rates[0], 1),
            new WritingResult("by hand: padded and masked", SourceCode.CountLines(theirCode), rates[1], rows / words),
            new WritingResult("one sentence at a time, not batched", SourceCode.CountLines(ourCode), rates[2], 1),
        ]);
        Show(page, result, ourCode, theirCode);
        return result;
    }

    // Lengths as sentences have them: many short ones, a few long.
    private static Sentence[][] NewBatches()
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, Minibatches).Select(_ => (Sentence[])[.. Enumerable.Range(0, Batch).Select(_ =>
        {
            int length = 3 + (int)(42 * Math.Pow(random.NextDouble(), 2));
            float[][] words = [.. Enumerable.Range(0, length).Select(_ => (float[])[.. Enumerable.Range(0, Inputs).Select(_ => random.NextSingle() - 0.5f)])];
            return new Sentence(words, random.Next(Classes));
        })])];
    }

    /// <summary>Words per second of each way, in turn on every minibatch, so that a disturbance meets all of them; medians over the minibatches' best times.</summary>
    private static double[] Rates(Sentence[][] batches, int rounds, Action<double> progress, CancellationToken cancellation, params Action<Sentence[]>[] ways)
    {
        var best = new double[ways.Length, batches.Length];
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < batches.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                for (int way = 0; way < ways.Length; way++)
                {
                    long start = Stopwatch.GetTimestamp();
                    ways[way](batches[i]);
                    double rate = batches[i].Sum(s => s.Words.Length) / Stopwatch.GetElapsedTime(start).TotalSeconds;
                    best[way, i] = Math.Max(best[way, i], rate);
                }
            }

            progress((round + 1.0) / rounds);
        }

        return [.. Enumerable.Range(0, ways.Length).Select(way => Enumerable.Range(0, batches.Length).Select(i => best[way, i]).Order().ElementAt(batches.Length / 2))];
    }

    private static void Show(PageBuilder page, IndicesResult result, string ourCode, string theirCode)
    {
        WritingResult ours = result.Writings[0], padded = result.Writings[1];
        page.Section("indices", "Why all the indices?", "Why are there all these indices?",
            "<strong>Because the batch was made by hand.</strong> Where the model is written for one example, no index runs over examples; it appears only when someone lays the examples "
            + "side by side in one array. For sentences of different length it brings padding and masks with it, in every line, and in every gradient.");
        page.Sources($"The same model, loss and gradient: {ours.Lines} lines against {padded.Lines}. Written for one sentence, the gradient needs no lines at all. Relative difference of the two gradients in this run: {Figures.Power(result.Difference)} (single precision).",
            ("Written for one sentence", ourCode), ("The batch by hand: padded, masked, differentiated", theirCode));
        page.Bars(new BarChart($"Loss and gradient of {result.Batch} sentences of 3 to {result.LongestLength} words, one thread",
            string.Join("; ", result.Writings.Select(way => $"{way.Name}: {Figures.Short(way.WordsPerSecond)} words/s")) + ".",
            [.. result.Writings.Select((way, i) => new Bar(way.Name, way.WordsPerSecond, $"{Figures.Short(way.WordsPerSecond)} words/s", (int[])[3, 1, 2] is var colours ? colours[i] : 1))]),
            $"{result.Inputs} inputs, {result.Hidden} hidden units, real words only. The padded version computes {Figures.Short(padded.RowsPerWord)} rows for every word, because the mean sentence has {Figures.Short(result.MeanLength)} words and the longest {result.LongestLength}; "
            + "it uses the same kernels, packed weights and one input product for all time steps. (Batches of sentences of like length need less padding, and are no longer drawn at random.) BlasNet’s time includes building the graphs, batching and differentiating anew for every minibatch: no two have the same structure, so no plan is found again."
            + (ours.WordsPerSecond >= padded.WordsPerSecond ? "" : $" In this run the hand-written version is {Figures.Short(padded.WordsPerSecond / ours.WordsPerSecond)} times as fast: that is what building and batching cost at this size."));
    }
}
