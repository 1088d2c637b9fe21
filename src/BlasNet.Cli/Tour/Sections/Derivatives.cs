using System.Diagnostics;
using BlasNet.Cli.Drawing;
using BlasNet.Cli.Recognition;
using BlasNet.Cli.Tour.Measurements;
using BlasNet.Cli.Tour.Page;
using BlasNet.Datasets;
using BlasNet.Derivatives;
using BlasNet.Graphs;
using BlasNet.Passes;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Tour.Sections;

/// <summary>Gradients of single examples, and second derivatives, by the machinery that makes gradients of minibatches.</summary>
/// <param name="Examples">How many.</param>
/// <param name="Norms">Of each example's gradient, ascending.</param>
/// <param name="NormDifference">Largest relative difference from the norms of gradients computed one by one.</param>
/// <param name="NormSeconds">All norms, from the batched graph.</param>
/// <param name="OneByOneSeconds">All norms from the gradients one by one.</param>
/// <param name="GradientSeconds">The gradient of the sum of their losses.</param>
/// <param name="HessianDifference">Relative difference of the Hessian-vector product from the difference of two gradients.</param>
/// <param name="HessianSeconds">The product.</param>
/// <param name="HessianNodes">Of its graph.</param>
internal sealed record DerivativesResult(
    int Examples, IReadOnlyList<double> Norms, double NormDifference, double NormSeconds, double OneByOneSeconds,
    double GradientSeconds, double HessianDifference, double HessianSeconds, NodeCount HessianNodes);

/// <summary>How many nodes a graph has before batching, and after.</summary>
internal sealed record NodeCount(int Minibatch, int Batched);

/// <summary>Part of the fourth question: what else is a graph once gradients are graphs.</summary>
internal static class Derivatives
{
    private const int Examples = 128, Seed = 1;

    private static readonly ComputeOptions OneThread = new() { Threads = 1 };

    public static DerivativesResult Run(TourOptions options)
    {
        using var model = new Model(Seed, Precision.Double);
        Digit[] digits = [.. Digits.Train.Take(Examples)];
        var classifier = new DigitClassifier(model, pixels: 64, hidden: [64]);
        #region norms
        var norms = new GradientNorms<Digit>(model, classifier.Loss, OneThread);    // the loss of ONE digit
        double[] found = norms.Of(digits);                               // ‖∇ℓ(x)‖ of each, over all parameters
        #endregion
        var trainer = new Trainer<Digit>(model, classifier.Loss, new Sgd(0), OneThread);
        double[] OneByOne() => [.. digits.Select(digit => Math.Sqrt(Probe.GradientOf(trainer, [digit]).Sum(element => element * element)))];
        double[] check = OneByOne();

        Parameter W = model["W1"];
        var random = new Random(Seed);
        double[] v = [.. Enumerable.Range(0, W.Shape.Size).Select(_ => random.NextDouble() - 0.5)];
        double[] product = [], difference = DifferenceOfGradients(model, trainer, W, v, digits);
        #region hessian
        Expr Product(Graph g, Digit[] batch)
        {
            Expr loss = Total([.. batch.Select(digit => classifier.Loss(g, digit))]);
            return loss.HessianVector(g.Use(W), g.Constant(v, W.Shape));
        }

        var products = new Evaluator<Digit[]>(model, Product, OneThread);    // its “one example” is a minibatch
        void Multiply() => products.RunDouble([digits], (_, value) => product = value.ToArray());
        #endregion
        Multiply();
        int rounds = options.Quick ? 5 : 20;
        return new DerivativesResult(
            Examples, [.. found.Order()], found.Zip(check, (a, b) => Math.Abs(a - b) / b).Max(), Best(rounds, () => norms.Of(digits)), Best(rounds, () => OneByOne()),
            Best(rounds, () => trainer.Step(digits)), Probe.RelativeDifference(product, difference), Best(rounds, Multiply),
            NodesOf(Product(model.NewGraph(), digits).Graph));
    }

    public static void Show(PageBuilder page, DerivativesResult result)
    {
        page.Heading("The gradient of every single example");
        page.Text("A sum of gradients does not tell how large each of them is: two may cancel. Where the minibatch is nothing but graphs side by side, each example’s own gradient is still in them, and its norm "
            + "can be had without writing the gradient down: for a weight used once, <i>dW</i> = <i>dy</i>·<i>x</i>ᵀ has the norm <span class=\"whole\">‖<i>dy</i>‖·‖<i>x</i>‖</span>. So the norms of all come from one batched pass.");
        page.Source("Derivatives.cs", "norms", "The loss is that of one digit; the norms are those of as many as are given.");
        page.Chart(new Chart($"Norms of the gradients of {result.Examples} digits, one dot each",
            $"From {Figures.Short(result.Norms[0])} to {Figures.Short(result.Norms[^1])}; the median is {Figures.Short(result.Norms[result.Norms.Count / 2])}.",
            new ChartAxis("rank of the digit, by its norm"), new ChartAxis("‖∇ℓ‖", Minimum: 0), [new ChartSeries("", [.. result.Norms.Select((norm, i) => (i + 1.0, norm))], 1) { Joined = false }]),
            $"All parameters together, before any training. {Figures.Time(result.NormSeconds)} for all in one pass, {Figures.Time(result.OneByOneSeconds)} for {result.Examples} gradients one by one, {Figures.Time(result.GradientSeconds)} for the gradient of the sum alone. "
            + $"Both ways give the same norms up to {Figures.Power(result.NormDifference)}, relative (double precision).", height: 300);
        page.Heading("A Hessian times a vector");
        page.Text("A gradient is a graph, so it can be differentiated again: ∇²<i>L</i>·<i>v</i> is the gradient of the number ∇<i>L</i>·<i>v</i>, and no Hessian is ever formed. Batching neither knows nor minds that the nodes are derivatives.");
        page.Source("Derivatives.cs", "hessian", "<i>L</i> is the sum of the losses of a minibatch, the Hessian the one with respect to <code>W1</code>, <i>v</i> any direction.");
        page.Bars(new BarChart($"Time for {result.Examples} digits, double precision", $"Gradient {Figures.Time(result.GradientSeconds)}, Hessian-vector product {Figures.Time(result.HessianSeconds)}.",
            [
                new Bar("gradient", result.GradientSeconds, Figures.Time(result.GradientSeconds), 3),
                new Bar("Hessian-vector product", result.HessianSeconds, Figures.Time(result.HessianSeconds), 4),
            ]),
            $"The product takes as long as {Figures.Short(result.HessianSeconds / result.GradientSeconds)} gradients. Checked against the difference of two gradients, (∇<i>L</i>(<i>W</i> + <i>εv</i>) − ∇<i>L</i>(<i>W</i> − <i>εv</i>)) / 2<i>ε</i>: "
            + $"relative difference {Figures.Power(result.HessianDifference)}. The minibatch graph has {Figures.Whole(result.HessianNodes.Minibatch)} nodes, derivatives included; batched, {result.HessianNodes.Batched}.");
    }

    private static double[] DifferenceOfGradients(Model model, Trainer<Digit> trainer, Parameter parameter, double[] direction, Digit[] digits)
    {
        const double Epsilon = 1e-5;
        double[] values = model.ValuesOf(parameter);
        double[] above = GradientAt(Epsilon), below = GradientAt(-Epsilon);
        model.SetValues(parameter, values);
        return [.. above.Zip(below, (a, b) => (a - b) * digits.Length / (2 * Epsilon))];

        double[] GradientAt(double step)
        {
            model.SetValues(parameter, [.. values.Zip(direction, (value, d) => value + step * d)]);
            return trainer.GradientOf(digits)[parameter];
        }
    }

    private static NodeCount NodesOf(Graph graph) => new(graph.Count, graph.Batch().Graph.Count);

    private static double Best(int rounds, Action action)
    {
        double best = double.MaxValue;
        for (int round = 0; round < rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }
}
