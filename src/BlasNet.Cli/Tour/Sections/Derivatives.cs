using System.Diagnostics;
using BlasNet.Cli.Drawing;
using BlasNet.Cli.Recognition;
using BlasNet.Cli.Tour.Measurements;
using BlasNet.Cli.Tour.Page;
using BlasNet.Datasets;
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
/// <param name="HessianDifference">Relative difference of the Hessian-vector product from the difference of two gradients.</param>
/// <param name="HessianSeconds">The product, for all examples.</param>
/// <param name="GradientSeconds">A gradient of the same examples, to compare with.</param>
/// <param name="HessianNodes">Of the batched graph of two examples' products.</param>
internal sealed record DerivativesResult(
    int Examples, IReadOnlyList<double> Norms, double NormDifference, double NormSeconds, double OneByOneSeconds,
    double HessianDifference, double HessianSeconds, double GradientSeconds, int HessianNodes);

/// <summary>Part of the fourth question: what else is a graph once gradients are graphs.</summary>
internal static class Derivatives
{
    private const int Examples = 128, Seed = 1;

    public static DerivativesResult Run(TourOptions options)
    {
        using var model = new Model(Seed, Precision.Double);
        Digit[] digits = [.. Digits.Train.Take(Examples)];
        #region norms
        var classifier = new DigitClassifier(model, pixels: 64, hidden: [64]);
        Expr SquaredNorm(Graph g, Digit digit)              // ‖∇ℓ(x)‖² of ONE digit, over all parameters
        {
            Expr loss = classifier.Loss(g, digit);
            Expr[] gradient = loss.Differentiate([.. model.Parameters.Select(g.Use)]);
            return Total([.. gradient.Select(part => Sum(Square(part)))]);
        }

        var norms = new Evaluator<Digit>(model, SquaredNorm);
        #endregion
        double[] Norms() => [.. Values(norms, digits).Select(value => Math.Sqrt(value[0]))];
        double[] found = Norms();
        var trainer = new Trainer<Digit>(model, classifier.Loss, new Sgd(0)) { ComputeBatch = 0 };
        double[] OneByOne() => [.. digits.Select(digit => Math.Sqrt(Probe.GradientOf(trainer, [digit]).Sum(element => element * element)))];
        double[] check = OneByOne();

        Parameter W = model["W1"];
        var random = new Random(Seed);
        double[] direction = [.. Enumerable.Range(0, W.Shape.Size).Select(_ => random.NextDouble() - 0.5)];
        #region hessian
        Expr Product(Graph g, Digit digit)                  // ∇²ℓ·v for ONE digit, with respect to W1
        {
            Expr gradient = classifier.Loss(g, digit).Differentiate(g.Use(W))[0];
            Expr v = g.Constant(direction, W.Shape);
            return Sum(Multiply(gradient, v)).Differentiate(g.Use(W))[0];
        }

        var products = new Evaluator<Digit>(model, Product);
        #endregion
        double[] product = SumOf(products, digits, W.Shape.Size), difference = DifferenceOfGradients(model, trainer, W, direction, digits);
        int rounds = options.Quick ? 3 : 8;
        return new DerivativesResult(
            Examples, [.. found.Order()], found.Zip(check, (a, b) => Math.Abs(a - b) / b).Max(), Best(rounds, () => Norms()), Best(rounds, () => OneByOne()),
            Probe.RelativeDifference(product, difference), Best(rounds, () => SumOf(products, digits, W.Shape.Size)), Best(rounds, () => trainer.AccumulateGradient(digits)),
            HessianNodes(model, Product, digits));
    }

    public static void Show(PageBuilder page, DerivativesResult result)
    {
        page.Heading("The gradient of every single example");
        page.Text("Since the minibatch is nothing but graphs side by side, each example’s own gradient is still in it: differentiate its loss, and its gradient is an expression like any other, "
            + "of which one can take the norm, or anything else.");
        page.Source("Derivatives.cs", "norms", "Written for one digit; the evaluator batches it.");
        page.Chart(new Chart($"Norms of the gradients of {result.Examples} digits, one dot each",
            $"From {Figures.Short(result.Norms[0])} to {Figures.Short(result.Norms[^1])}; the median is {Figures.Short(result.Norms[result.Norms.Count / 2])}.",
            new ChartAxis("digits, by the norm of their gradient"), new ChartAxis("‖∇ℓ‖", Minimum: 0), [new ChartSeries("", [.. result.Norms.Select((norm, i) => (i + 1.0, norm))], 1) { Joined = false }]),
            $"{Figures.Time(result.NormSeconds)} for all of them in one pass, against {Figures.Time(result.OneByOneSeconds)} for as many passes of one digit; the same numbers up to {Figures.Power(result.NormDifference)}, relative (double precision).", height: 300);
        page.Heading("A Hessian times a vector");
        page.Text("A gradient is a graph, so it can be differentiated again, for one example or in a minibatch; batching neither knows nor minds that the nodes are derivatives.");
        page.Source("Derivatives.cs", "hessian", "Written for one digit; the evaluator batches it.");
        page.Bars(new BarChart($"Time for {result.Examples} digits, batched, double precision", $"Gradient {Figures.Time(result.GradientSeconds)}, Hessian-vector products {Figures.Time(result.HessianSeconds)}.",
            [
                new Bar("gradient of the sum", result.GradientSeconds, Figures.Time(result.GradientSeconds), 3),
                new Bar("Hessian-vector product of each digit", result.HessianSeconds, Figures.Time(result.HessianSeconds), 4),
            ]),
            $"Checked against the difference of two gradients, (∇ℓ(W + εv) − ∇ℓ(W − εv)) / 2ε: relative difference {Figures.Power(result.HessianDifference)}. The products are kept apart, one matrix for each digit. "
            + $"For two digits the batched graph has {result.HessianNodes} nodes.");
    }

    private static List<double[]> Values(Evaluator<Digit> evaluator, Digit[] digits)
    {
        var values = new List<double[]>();
        evaluator.RunDouble(digits, (_, value) => values.Add(value.ToArray()));
        return values;
    }

    private static double[] SumOf(Evaluator<Digit> evaluator, Digit[] digits, int size)
    {
        var sum = new double[size];
        evaluator.RunDouble(digits, (_, value) =>
        {
            for (int i = 0; i < sum.Length; i++)
                sum[i] += value[i];
        });
        return sum;
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
            trainer.AccumulateGradient(digits);
            return trainer.Accumulator.MeanGradientOf(parameter);
        }
    }

    private static int HessianNodes(Model model, Func<Graph, Digit, Expr> product, Digit[] digits)
    {
        Graph graph = model.NewGraph();
        product(graph, digits[0]);
        product(graph, digits[1]);
        return graph.Batch().Graph.Count;
    }

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
