using System.Numerics;
using BlasNet.Graphs;

namespace BlasNet.Training;

/// <summary>Receives all of one example's results.</summary>
/// <param name="example">Its number, from 0, in the order of the examples given.</param>
/// <param name="values">Each result, column by column, in the order in which the function gave them.</param>
public delegate void ResultsHandler(int example, IReadOnlyList<double[]> values);

/// <summary>Evaluators of several results for each example.</summary>
public static class Evaluator
{
    /// <summary>Makes an evaluator of a function that gives several results, which share what they have in common:
    /// <see cref="Evaluator{TExample}.RunAll"/> and <see cref="Evaluator{TExample}.PredictAll"/> hand them over.</summary>
    /// <param name="model">All its parameters must have been added before.</param>
    /// <param name="function">Builds one example's values in the graph given, one or more, of any shapes; dropout does not drop.</param>
    /// <param name="options">How values are computed; null for the default options.</param>
    /// <example><code>
    /// var evaluator = Evaluator.OfSeveral&lt;Image&gt;(model, (g, image) => [classifier.Logits(g, image), classifier.Features(g, image)]);
    /// IReadOnlyList&lt;double[]&gt; results = evaluator.PredictAll(image);
    /// </code></example>
    public static Evaluator<TExample> OfSeveral<TExample>(
        Model model, Func<Graph, TExample, IReadOnlyList<Expr>> function, ComputeOptions? options = null) => new(model, function, options);
}

/// <content>Results as arrays, for models of either precision.</content>
public sealed partial class Evaluator<TExample>
{
    /// <summary>The value of one example.</summary>
    /// <returns>Column by column.</returns>
    /// <remarks>For many examples, <see cref="Run(ReadOnlySpan{TExample}, ResultHandler{float}, CancellationToken)"/> computes them together.</remarks>
    /// <exception cref="InvalidOperationException">The function gives several results for an example (<see cref="PredictAll"/>), or one that belongs to
    /// another graph than the one given.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public double[] Predict(TExample example)
    {
        RequireSingle(nameof(Predict));
        return PredictAll(example)[0];
    }

    /// <summary>Computes the value of one example into a span.</summary>
    /// <param name="example">The example.</param>
    /// <param name="values">Receives it, column by column.</param>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    /// <inheritdoc cref="Predict(TExample)" path="/exception"/>
    public void Predict(TExample example, Span<float> values) => GraphValues.Copy(Predict(example), values);

    /// <inheritdoc cref="Predict(TExample, Span{float})"/>
    public void Predict(TExample example, Span<double> values) => GraphValues.Copy(Predict(example), values);

    /// <summary>All results of one example, in the order in which the function gives them.</summary>
    /// <returns>Each column by column.</returns>
    /// <exception cref="InvalidOperationException">A result belongs to another graph than the one given.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public IReadOnlyList<double[]> PredictAll(TExample example)
    {
        IReadOnlyList<double[]> results = [];
        RunAll([example], (_, values) => results = values);
        return results;
    }

    /// <summary>Evaluates a stream of examples and hands over all results of each, in order; one pass of examples at a time is held.</summary>
    /// <exception cref="InvalidOperationException">A result belongs to another graph than the one given.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    /// <exception cref="OperationCanceledException">Between two passes.</exception>
    public void RunAll(IEnumerable<TExample> examples, ResultsHandler handler, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(handler);
        if (_model.Precision == Precision.Single)
            RunAll<float>(examples, handler, cancellation);
        else
            RunAll<double>(examples, handler, cancellation);
    }

    private void RunAll<T>(IEnumerable<TExample> examples, ResultsHandler handler, CancellationToken cancellation)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        List<double[]> results = [];
        int current = 0;
        RunStream<T>(examples, (example, value) =>
        {
            if (example != current)
                HandOver();

            current = example;
            results.Add(GraphValues.ToDoubles(value));
        }, cancellation);
        HandOver();

        void HandOver()
        {
            double[][] values = [.. results];
            results.Clear();
            if (values.Length > 0)
                handler(current, values);
        }
    }

    private void RequireSingle(string method)
    {
        if (!_isSingle)
            throw new InvalidOperationException($"{method} is for a function with one result for each example; RunAll and PredictAll give several.");
    }
}
