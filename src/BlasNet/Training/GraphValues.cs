using System.Numerics;
using System.Numerics.Tensors;
using BlasNet.Execution;
using BlasNet.Graphs;

namespace BlasNet.Training;

/// <summary>The values of expressions of any graph of a model: one that a program has built, a batched one, one with derivatives.</summary>
/// <remarks>Each call computes what the expressions asked for need, batched, from the parameters of one moment; the graph stays as it is, and may be added to
/// afterwards. Where the structure of the graph was seen before, its plan is found again.</remarks>
/// <example><code>
/// Graph g = model.NewGraph();
/// Expr y = Tanh(W * g.Input(x));
/// double[] value = g.Evaluate(y);
/// double[][] both = g.Evaluate(y, Sum(Square(y)).Differentiate(W)[0]);
/// </code></example>
public static class GraphValues
{
    /// <summary>The value of an expression.</summary>
    /// <param name="graph">A graph of a model.</param>
    /// <param name="output">Any expression of it.</param>
    /// <returns>Column by column; of a stack, value after value. Infinities and NaN as they are.</returns>
    /// <exception cref="InvalidOperationException">The expression belongs to another graph, or the graph to no model.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public static double[] Evaluate(this Graph graph, Expr output) => graph.Evaluate([output])[0];

    /// <summary>The values of several expressions, which share what they have in common.</summary>
    /// <param name="graph">A graph of a model.</param>
    /// <param name="outputs">Any expressions of it.</param>
    /// <inheritdoc cref="Evaluate(Graph, Expr)" path="/returns|/exception"/>
    public static double[][] Evaluate(this Graph graph, params ReadOnlySpan<Expr> outputs)
    {
        ArgumentNullException.ThrowIfNull(graph);
        if (graph.Model is not Model model)
            throw new InvalidOperationException("The graph belongs to no model; make it with Model.NewGraph.");

        var own = new Expr[outputs.Length];
        for (int i = 0; i < own.Length; i++)
            own[i] = outputs[i].In(graph);

        return model.Precision == Precision.Single
            ? model.Compute<float, double[][]>(engine => Compute(engine, graph, own))
            : model.Compute<double, double[][]>(engine => Compute(engine, graph, own));
    }

    /// <summary>Computes the value of an expression into a span.</summary>
    /// <param name="graph">A graph of a model.</param>
    /// <param name="output">Any expression of it.</param>
    /// <param name="values">Receives it, column by column.</param>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    /// <inheritdoc cref="Evaluate(Graph, Expr)" path="/exception"/>
    public static void Evaluate(this Graph graph, Expr output, Span<double> values) => Copy(graph.Evaluate(output), values);

    /// <inheritdoc cref="Evaluate(Graph, Expr, Span{double})"/>
    public static void Evaluate(this Graph graph, Expr output, Span<float> values) => Copy(graph.Evaluate(output), values);

    /// <summary>Copies a result to where its user wants it.</summary>
    internal static void Copy<T>(double[] result, Span<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (values.Length != result.Length)
            throw new ArgumentException($"The result has {result.Length} numbers; the span has {values.Length}.", nameof(values));

        TensorPrimitives.ConvertTruncating<double, T>(result, values);
    }

    /// <summary>A copy of a value.</summary>
    internal static double[] ToDoubles<T>(ReadOnlySpan<T> value) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var result = new double[value.Length];
        TensorPrimitives.ConvertTruncating(value, result.AsSpan());
        return result;
    }

    private static double[][] Compute<T>(Engine<T> engine, Graph graph, Expr[] outputs) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        engine.Prepare(graph, outputs);
        engine.Execute();
        var values = new double[outputs.Length][];
        for (int i = 0; i < values.Length; i++)
            values[i] = ToDoubles(engine.ValueOf(i));

        return values;
    }
}
