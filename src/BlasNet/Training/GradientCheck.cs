using System.Globalization;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Passes;

namespace BlasNet.Training;

/// <summary>Compares derivatives with differences: what shows that an operator's gradient rule is right.</summary>
public static class GradientCheck
{
    /// <summary>Compares the gradient of a loss by the model's parameters with central differences; then that of a derivative of the loss along a
    /// direction in which no two elements are alike, and so on.</summary>
    /// <param name="model">In double precision: differences of single precision say nothing. Its parameters are as before afterwards.</param>
    /// <param name="loss">The loss of one example, a scalar, smooth near the model's parameters.</param>
    /// <param name="examples">Their losses are added up; several, so that their values become stacks.</param>
    /// <param name="orders">How many derivatives to compare: 2 for the gradient, and the gradient of its derivative.</param>
    /// <param name="elements">How many elements of each parameter are moved: all, or some spread evenly.</param>
    /// <returns>The largest difference, relative to the larger of 1 and the derivative; what is right is below 10⁻⁶ where values are of magnitude 1.</returns>
    /// <exception cref="ArgumentException">There is no example, or the model is in single precision or has no parameters.</exception>
    /// <exception cref="ShapeException">A loss is no scalar.</exception>
    public static GradientDifference Run<TExample>(
        Model model, Func<Graph, TExample, Expr> loss, IReadOnlyList<TExample> examples, int orders = 2, int elements = 64)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(orders);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(elements);
        if (examples.Count == 0)
            throw new ArgumentException("A gradient is compared over at least one example.", nameof(examples));

        if (model.Parameters.Count == 0)
            throw new ArgumentException("The model has no parameters.", nameof(model));

        if (model.Precision != Precision.Double)
            throw new ArgumentException("Gradients are compared in double precision: new Model(seed, Precision.Double).", nameof(model));

        GradientDifference? worst = null;
        for (int order = 1; order <= orders; order++)
        {
            Func<Graph, TExample, Expr> function = loss;
            foreach (GradientDifference found in Compare(model, graph => SumOf(graph, function, examples), order, elements))
            {
                if (worst is null || !(double.IsNaN(worst.Relative) || found.Relative <= worst.Relative))   // NaN is the largest
                    worst = found;
            }

            loss = Along(model, loss);
        }

        return worst!;
    }

    // ∂loss/∂t for parameters θ + t·direction.
    private static Func<Graph, TExample, Expr> Along<TExample>(Model model, Func<Graph, TExample, Expr> loss) => (graph, example) =>
    {
        Expr[] parameters = [.. model.Parameters.Select(graph.Use)];
        Expr[] gradient = loss(graph, example).Differentiate(parameters);
        return Op.Total([.. gradient.Select(part => Op.Sum(Op.Multiply(part, graph.Constant(Direction(part.Shape), part.Shape))))]);
    };

    private static double[] Direction(Shape shape) => [.. Enumerable.Range(1, shape.Size).Select(i => Math.Sin(i))];

    private static Expr SumOf<TExample>(Graph graph, Func<Graph, TExample, Expr> loss, IReadOnlyList<TExample> examples) =>
        Op.Total([.. examples.Select((example, i) => graph.LossOf(loss, example, i))]);

    private static IEnumerable<GradientDifference> Compare(Model model, Func<Graph, Expr> function, int order, int elements)
    {
        ModelGradient gradient = model.GradientOf(function);
        foreach (Parameter parameter in model.Parameters)
        {
            double[] derivatives = gradient[parameter];
            int count = Math.Min(derivatives.Length, elements);
            for (int i = 0; i < count; i++)
            {
                int element = (int)((long)i * derivatives.Length / count);
                yield return new GradientDifference(parameter, element, order, Slope(model, function, parameter, element), derivatives[element]);
            }
        }
    }

    // The error of a step h is h²·f‴/6, that of rounding about 10⁻¹⁶/h.
    private static double Slope(Model model, Func<Graph, Expr> function, Parameter parameter, int element)
    {
        double[] values = model.ValuesOf(parameter);
        (double value, double step) = (values[element], 1e-5 * Math.Max(1, Math.Abs(values[element])));
        try
        {
            return (ValueAt(value + step) - ValueAt(value - step)) / (2 * step);
        }
        finally
        {
            SetTo(value);
        }

        double ValueAt(double x)
        {
            SetTo(x);
            Graph graph = model.NewGraph();
            return graph.Evaluate(function(graph))[0];
        }

        void SetTo(double x)
        {
            values[element] = x;
            model.SetValues(parameter, values);
        }
    }
}

/// <summary>A derivative, and the difference quotient that it should equal.</summary>
/// <param name="Parameter">By which parameter.</param>
/// <param name="Element">By which of its elements, column by column.</param>
/// <param name="Order">1: of the loss; 2: of its derivative along a direction; and so on.</param>
/// <param name="Expected">The central difference.</param>
/// <param name="Actual">The derivative.</param>
public sealed record GradientDifference(Parameter Parameter, int Element, int Order, double Expected, double Actual)
{
    /// <summary>The difference, relative to the larger of 1 and the derivative.</summary>
    public double Relative => Math.Abs(Expected - Actual) / Math.Max(1, Math.Abs(Expected));

    /// <summary><c>order 1, W[5]: 0.25 by differences, 0.24 by the gradient</c></summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"order {Order}, {Parameter.Name}[{Element}]: {Expected} by differences, {Actual} by the gradient");
}
