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

    private static readonly int[] Colours = [3, 4, 1, 2];   // of the writings

    public static IndicesResult Run(PageBuilder page, TourOptions options, Action<double> progress, CancellationToken cancellation)
    {
        using var model = new Model(seed: 1);
        #region parameters
        Parameter W = model.Weight("W", Hidden, Inputs);
        Parameter b = model.Bias("b", Hidden);
        Parameter U = model.Weight("U", Hidden, Hidden);
        Parameter V = model.Weight("V", Classes, Hidden);
        Parameter c = model.Bias("c", Classes);
        #endregion
        #region loop
        Expr Loss(Graph g, Sentence s)              // ONE sentence
        {
            Expr h = Tanh(W * g.Input(s.Words[0]) + b);
            foreach (float[] x in s.Words.Skip(1))
                h = Tanh(W * g.Input(x) + b + U * h);

            return CrossEntropy(V * h + c, s.Label);
        }
        #endregion
        #region matrix
        Recurrence<Expr> states = Recurrence.Of("states",
            x => Tanh(W * x + b), (Expr x, Expr h) => Tanh(W * x + b + U * h));

        Expr MatrixLoss(Graph g, Sentence s)        // ONE sentence, a column a word
        {
            int last = s.Words.Length - 1;
            Expr X = g.Input(s.Matrix, new Shape(Inputs, s.Words.Length));
            return CrossEntropy(V * SliceColumns(states.Run(X), last, 1) + c, s.Label);
        }
        #endregion
        Sentence[][] batches = NewBatches();
        var trainer = new Trainer<Sentence>(model, Loss, new Sgd(0), new ComputeOptions { Threads = 1 });
        var matrix = new Trainer<Sentence>(model, MatrixLoss, new Sgd(0), new ComputeOptions { Threads = 1 });
        var unbatched = new Trainer<Sentence>(model, Loss, new Sgd(0), new ComputeOptions { Threads = 1, Batching = false });
        using var padded = new PaddedNetwork(model, Inputs, Hidden, Classes);
        double worst = WorstDifference(batches.AsSpan(0, 3), padded, trainer, matrix);
        double[] rates = Rates(batches, rounds: options.Quick ? 4 : 12, progress, cancellation,
            batch => trainer.Step(batch), batch => matrix.Step(batch), batch => padded.Run(batch), batch => unbatched.Step(batch));
        return Show(page, batches, worst, rates);
    }

    // Of the gradients from those of the padded network.
    private static double WorstDifference(
        ReadOnlySpan<Sentence[]> batches, PaddedNetwork padded, params ReadOnlySpan<Trainer<Sentence>> writings)
    {
        double worst = 0;
        foreach (Sentence[] batch in batches)
        {
            padded.Run(batch);
            double[] theirs = [.. padded.Gradient.Select(element => element / Batch)];
            foreach (Trainer<Sentence> ours in writings)
                worst = Math.Max(worst, Probe.RelativeDifference(theirs, Probe.GradientOf(ours, batch)));
        }

        return worst;
    }

    private static IndicesResult Show(PageBuilder page, Sentence[][] batches, double worst, double[] rates)
    {
        double words = batches.Sum(batch => batch.Sum(s => s.Words.Length)), rows = batches.Sum(batch => (double)Batch * batch.Max(s => s.Words.Length));
        string theirCode = SourceCode.Region("PaddedNetwork.cs", "padded"), parameters = OwnCode("parameters");
        string loopCode = $"{parameters}\n\n{OwnCode("loop")}", matrixCode = OwnCode("matrix");
        int loopLines = SourceCode.CountLines(loopCode);
        int matrixLines = SourceCode.CountLines(parameters) + SourceCode.CountLines(matrixCode);
        var result = new IndicesResult(Batch, Hidden, Inputs, words / (Batch * batches.Length), batches.Max(batch => batch.Max(s => s.Words.Length)), worst,
        [
            new WritingResult("one sentence, word by word, batched by BlasNet", loopLines, rates[0], 1),
            new WritingResult("one sentence as a matrix, batched by BlasNet", matrixLines, rates[1], 1),
            new WritingResult("by hand: padded and masked", SourceCode.CountLines(theirCode), rates[2], rows / words),
            new WritingResult("one sentence, word by word, not batched", loopLines, rates[3], 1),
        ]);
        Show(page, result, loopCode, matrixCode, theirCode);
        return result;
    }

    private static string OwnCode(string region) => SourceCode.Region("Indices.cs", region);

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

    private static void Show(PageBuilder page, IndicesResult result, string loopCode, string matrixCode, string theirCode)
    {
        WritingResult loop = result.Writings[0], matrix = result.Writings[1], padded = result.Writings[2];
        page.Section("indices", "Why all the indices?", "Why are there all these indices?",
            "<strong>Because the batch was made by hand.</strong> Where the model is written for one example, no index runs over examples; it appears only when someone lays the examples "
            + "side by side in one array. For sentences of different length it brings padding and masks with it, in every line, and in every gradient. "
            + "Even the index over a sentence’s words can go: its words are the columns of a matrix, and the recurrence is one node of its graph.");
        page.Sources(
            $"The same model, loss and gradient: {loop.Lines} lines word by word, {matrix.Lines} with a matrix (the parameters included), "
            + $"against {padded.Lines}. Written for one sentence, the gradient needs no lines at all. Largest relative difference of the "
            + $"gradients in this run: {Figures.Power(result.Difference)} (single precision).",
            [("Written for one sentence, word by word", loopCode), ("The same with a matrix", matrixCode)],
            ("The batch by hand: padded, masked, differentiated", theirCode));
        page.Bars(new BarChart($"Loss and gradient of {result.Batch} sentences of 3 to {result.LongestLength} words, one thread",
            string.Join("; ", result.Writings.Select(way => $"{way.Name}: {Figures.Short(way.WordsPerSecond)} words/s")) + ".",
            [.. result.Writings.Select((way, i) =>
                new Bar(way.Name, way.WordsPerSecond, $"{Figures.Short(way.WordsPerSecond)} words/s", Colours[i]))]),
            Conditions(result) + Comparison(Math.Max(loop.WordsPerSecond, matrix.WordsPerSecond), padded.WordsPerSecond));
    }

    private static string Conditions(IndicesResult result) =>
        $"{result.Inputs} inputs, {result.Hidden} hidden units, real words only. The padded version computes "
        + $"{Figures.Short(result.Writings[2].RowsPerWord)} rows for every word, because the mean sentence has {Figures.Short(result.MeanLength)} "
        + $"words and the longest {result.LongestLength}; it uses the same kernels, packed weights and one input product for all time steps. "
        + "(Batches of sentences of like length need less padding, and are no longer drawn at random.) BlasNet’s time includes building the "
        + "graphs, batching and differentiating anew for every minibatch: no two have the same structure, so no plan is found again.";

    private static string Comparison(double ours, double padded) => ours >= padded ? ""
        : $" In this run the hand-written version is {Figures.Short(padded / ours)} times as fast: that is what building and batching cost at "
        + "this size.";
}
