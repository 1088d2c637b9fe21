using System.Globalization;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Tour.Page;
using BlasNet.Cli.Tour.Sections;
using BlasNet.Diagnostics;
using BlasNet.Drawing;

namespace BlasNet.Cli.Tour;

/// <summary>All numbers of the page.</summary>
internal sealed record TourResult(
    string Version, string Processor, int Processors, string? OpenblasCore, string Date, bool Quick, double Seconds,
    IReadOnlyList<RepresentationResult> Representation, EfficiencyResult Efficiency, AveragingResult Averaging, GradientEvaluationResult GradientEvaluation, IndicesResult Indices);

/// <summary>Measures everything and makes the page of it.</summary>
internal static class TourPage
{
    private const string Ending = """
        <footer><h2 id="reading">What to read next</h2><ul class="reading">
        <li><strong>On merging nodes.</strong> Graham Neubig, Yoav Goldberg, Chris Dyer, “On-the-fly Operation Batching in Dynamic Computation Graphs”, NIPS 2017, arXiv:1705.07860:
        when to run which kind of node, by the mean depth of its nodes; the schedule on this page is theirs. Moshe Looks et al., “Deep Learning with Dynamic Computation Graphs”, ICLR 2017, arXiv:1702.02181:
        the same aim from the other side, a static graph that is run level by level over inputs of different shapes.</li>
        <li><strong>On fast products.</strong> Kazushige Goto, Robert van de Geijn, “Anatomy of High-Performance Matrix Multiplication”, ACM TOMS 34(3), 2008: why a product is cut into panels, why they are packed,
        and which level of cache each of them lives in; OpenBLAS goes back to it.</li>
        <li><strong>On the roofline.</strong> Samuel Williams, Andrew Waterman, David Patterson, “Roofline: An Insightful Visual Performance Model for Multicore Architectures”, CACM 52(4), 2009:
        two numbers of a machine, one of a computation, and a bound that needs no simulation.</li>
        <li><strong>On the optimization batch.</strong> Sam McCandlish, Jared Kaplan, Dario Amodei et al., “An Empirical Model of Large-Batch Training”, 2018, arXiv:1812.06162: how large a batch is worth its work,
        told from the gradient’s own noise. Léon Bottou, Frank Curtis, Jorge Nocedal, “Optimization Methods for Large-Scale Machine Learning”, SIAM Review 60(2), 2018, arXiv:1606.04838: what stochastic gradients converge to, and how fast, with proofs.</li>
        <li><strong>From the beginning.</strong> Michael Nielsen, “Neural Networks and Deep Learning”, 2015, neuralnetworksanddeeplearning.com: backpropagation derived for one example, as it should be; its exercise on a fully matrix-based
        minibatch is the question that this page answers.</li>
        </ul></footer>
        """;

    /// <param name="options">How thoroughly.</param>
    /// <param name="progress">Receives the fraction done, and what is being done.</param>
    /// <param name="cancellation">Between two measurements.</param>
    public static (string Html, TourResult Result, IReadOnlyList<(string Name, string Svg)> Pictures) Run(TourOptions options, Action<double, string> progress, CancellationToken cancellation)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        var page = new PageBuilder();
        var representation = Representation.Run(page, Part(0, 0.08, "drawing graphs"));
        var efficiency = Efficiency.Run(page, options, Part(0.08, 0.6, "measuring memory, products and training steps"), cancellation);
        var averaging = Averaging.Run(page, options, Part(0.6, 0.75, "passes and noise"), cancellation);
        var evaluation = GradientEvaluation.Run(page, options, Part(0.75, 0.85, "differentiating and batching, in both orders"), cancellation);
        var indices = Indices.Run(page, options, Part(0.85, 1, "the model without indices, and with"), cancellation);
        double seconds = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds;
        var result = new TourResult(
            CliApplication.Version, Processor.Name, Environment.ProcessorCount, OpenBlas.Core,
            DateTime.Now.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture), options.Quick, seconds, representation, efficiency, averaging, evaluation, indices);
        return (page.Build("What is a minibatch?", Lead(result), Ending), result, page.AllPictures);

        Action<double> Part(double from, double to, string what) => fraction => progress(from + fraction * (to - from), what);
    }

    private static string Lead(TourResult result) =>
        "A neural network’s loss for one example is a computation graph. Five questions a mathematician asks about minibatches, each answered by doing it: every number here was measured, "
        + "and every graph drawn, by one run of <code>blasnet tour</code> on the machine named below.</p><p class=\"machine\">"
        + SvgText.Escape(string.Create(CultureInfo.InvariantCulture,
            $"{result.Processor}, {result.Processors} logical processors · OpenBLAS {(result.OpenblasCore is { } core ? $"with its {core} kernels" : "not found")} · float32 and one thread unless it says otherwise · {result.Date} · {result.Seconds:0} s{(result.Quick ? ", quick" : "")} · BlasNet {result.Version.Split('+')[0]}"));
}
