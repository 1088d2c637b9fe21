using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Tour.Measurements;

/// <summary>A loss with its gradient, and what it took to compute them.</summary>
/// <param name="Loss">Its value.</param>
/// <param name="Gradient">With respect to all parameters, in the model's order.</param>
/// <param name="Nodes">Of the graph that was executed, gradients included.</param>
/// <param name="Launches">Kernels started.</param>
/// <param name="Products">Of the graph that was executed.</param>
internal sealed record Evaluation(double Loss, double[] Gradient, int Nodes, int Launches, ProductCount Products);

/// <summary>Evaluates a scalar of a double-precision model, and its gradient.</summary>
internal static class Probe
{
    /// <param name="model">Its precision is that of the evaluation.</param>
    /// <param name="loss">One example's loss.</param>
    /// <param name="examples">Whose losses are added.</param>
    /// <param name="options">Whether to batch.</param>
    public static Evaluation Of<TExample>(Model model, Func<Graph, TExample, Expr> loss, ReadOnlySpan<TExample> examples, ComputeOptions options)
    {
        int count = examples.Length;
        ModelGradient mean = new Trainer<TExample>(model, loss, new Sgd(0), options).GradientOf(examples);
        Graph graph = model.NewGraph();
        List<Expr> losses = [];
        foreach (TExample example in examples)
            losses.Add(loss(graph, example));

        ComputePlan plan = ComputePlan.OfGradient(Total([.. losses]), options);
        return new Evaluation(
            mean.Value * count, [.. AllOf(model, mean).Select(element => element * count)], plan.Nodes, plan.Launches, plan.Products);
    }

    /// <summary>The gradient of the examples' mean loss, with respect to all parameters in the model's order.</summary>
    public static double[] GradientOf<TExample>(Trainer<TExample> trainer, ReadOnlySpan<TExample> examples) =>
        AllOf(trainer.Model, trainer.GradientOf(examples));

    /// <summary>A gradient as one vector, in the model's order.</summary>
    public static double[] AllOf(Model model, ModelGradient gradient) => [.. model.Parameters.SelectMany(parameter => gradient[parameter])];

    /// <summary>‖a − b‖ / ‖b‖.</summary>
    public static double RelativeDifference(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double difference = 0, norm = 0;
        for (int i = 0; i < a.Length; i++)
        {
            difference += (a[i] - b[i]) * (a[i] - b[i]);
            norm += b[i] * b[i];
        }

        return norm == 0 ? Math.Sqrt(difference) : Math.Sqrt(difference / norm);
    }

    /// <summary>The largest |a − b|, relative to the largest |b|.</summary>
    public static double LargestDifference(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double difference = 0, largest = 0;
        for (int i = 0; i < a.Length; i++)
        {
            difference = Math.Max(difference, Math.Abs(a[i] - b[i]));
            largest = Math.Max(largest, Math.Abs(b[i]));
        }

        return largest == 0 ? difference : difference / largest;
    }
}
