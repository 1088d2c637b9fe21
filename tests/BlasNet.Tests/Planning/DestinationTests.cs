using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Planning;

/// <summary>Which values lie in the place of a sum that they are terms of.</summary>
public sealed class DestinationTests
{
    /// <summary>Three matrices and three columns are as many values, but not as long. Found by a random program.</summary>
    [Fact]
    public void A_sum_over_columns_does_not_take_as_many_matrices_of_which_it_adds_some_columns()
    {
        double[] expected = Gradient(batching: false);
        double[] actual = Gradient(batching: true);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-12);
    }

    private static double[] Gradient(bool batching)
    {
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("W", 2, 2), e = model.Weight("E", 2, 2), t = model.Weight("T", 2, 4), u = model.Weight("U", 3, 2);
        Parameter b = model.Bias("b", 2, Initializer.Constant(0.3));
        Graph graph = model.NewGraph();
        graph.IsTraining = true;
        graph.BeginExample(0);
        _ = Function.Of("f", (Expr x) => w * x).Call(graph.Input(new double[6], new Shape(2, 3)));
        Expr columns = ConcatenateColumns(b, b, graph.Input([1.0, 2]));
        _ = Tanh(Attention(w * columns, columns, columns, heads: 2, dropout: 0.25));

        graph.BeginExample(1);
        Expr index = graph.Index(1);
        _ = Function.Of("g", (Expr x) => w * x).Call(graph.Input(new double[6], new Shape(2, 3)));
        Expr word = Lookup(e, index);
        _ = Lookup(graph.Use(e), 0);
        Expr shared = t * Concatenate(graph.Use(b), b);
        Expr loss = CrossEntropy(u * Tanh(t * Concatenate(word, shared)), 0);

        using var engine = new Engine<double>(model.Store<double>(), new ComputeOptions { Batching = batching, Verify = true });
        engine.Prepare(graph, [loss], loss, [.. model.Parameters]);
        using var gradient = new GradientBuffer<double>(model.Store<double>().Length, model.Parameters);
        engine.Execute(gradient);
        return [.. model.Parameters.SelectMany(parameter => gradient.SpanOf(parameter).ToArray())];
    }
}
