using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Layers;

/// <summary>Every layer equals its paper's formula; each example i reads vectors 0 … i of a table, so lengths differ.</summary>
public sealed class LayerTests
{
    private const int Inputs = 3, Hidden = 4, Examples = 4;

    private static readonly double[] Zeros = new double[Hidden];
    private static readonly (double[] H, double[] C) Absent = (Zeros, Zeros);

    [Fact]
    public void Linear_is_a_product_and_a_bias() => Check(
        model => new Linear(model, "y", Hidden, Inputs),
        (layer, x) => layer.Apply(x[^1]),
        (w, x) => w.Linear("y.W", x[^1], "y.b"));

    [Fact]
    public void Mlp_rectifies_between_its_layers_and_not_after_the_last() => Check(
        model => new Mlp(model, "mlp", Inputs, 5, 6, 2),
        (mlp, x) => mlp.Apply(x[^1]),
        (w, x) => w.Linear("mlp.3.W", Relu(w.Linear("mlp.2.W", Relu(w.Linear("mlp.1.W", x[^1], "mlp.1.b")), "mlp.2.b")), "mlp.3.b"));

    [Fact]
    public void Layer_normalization_of_a_vector() => Check(
        model => new LayerNormalization(model, "norm", Inputs, 0.01),
        (layer, x) => layer.Apply(x[^1]),
        (w, x) => Formulas.LayerNormalization(x[^1], w["norm.g"], w["norm.b"], 0.01));

    [Fact]
    public void Layer_normalization_of_each_column() => Check(
        model => new LayerNormalization(model, "norm", Inputs),
        (layer, x) => layer.Apply(ConcatenateColumns(x)),
        (w, x) => [.. x.SelectMany(column => Formulas.LayerNormalization(column, w["norm.g"], w["norm.b"], 1e-5))]);

    [Fact]
    public void Lstm_runs_forward() => Check(
        model => new Lstm(model, "lstm", Inputs, Hidden),
        (lstm, x) => Concatenate(lstm.Run(x)),
        (w, x) => [.. LstmStates(w, "lstm", x).SelectMany(h => h)]);

    [Fact]
    public void Lstm_runs_backward() => Check(
        model => new Lstm(model, "lstm", Inputs, Hidden),
        (lstm, x) => Concatenate(lstm.Run(x, reverse: true)),
        (w, x) => [.. LstmStates(w, "lstm", x.Reverse()).Reverse().SelectMany(h => h)]);

    [Fact]
    public void Gru_runs_forward() => Check(
        model => new Gru(model, "gru", Inputs, Hidden),
        (gru, x) => Concatenate(gru.Run(x)),
        (w, x) => [.. GruStates(w, x).SelectMany(h => h)]);

    [Fact]
    public void Gru_runs_backward() => Check(
        model => new Gru(model, "gru", Inputs, Hidden),
        (gru, x) => Concatenate(gru.Run(x, reverse: true)),
        (w, x) => [.. GruStates(w, x.Reverse()).Reverse().SelectMany(h => h)]);

    [Fact]
    public void A_bidirectional_sequence_knows_what_is_before_and_after() => Check(
        model => BidirectionalSequence.OfLstm(model, "both", Inputs, Hidden),
        (layer, x) => Concatenate(layer.Run(x)),
        (w, x) => [.. LstmStates(w, "both.forward", x).Zip(LstmStates(w, "both.backward", x.Reverse()).Reverse()).SelectMany(pair => pair.First.Concat(pair.Second))]);

    [Fact]
    public void A_bidirectional_sequence_is_summarized_by_the_ends() => Check(
        model => BidirectionalSequence.OfLstm(model, "both", Inputs, Hidden),
        (layer, x) => layer.Summarize(x),
        (w, x) => [.. LstmStates(w, "both.forward", x)[^1], .. LstmStates(w, "both.backward", x.Reverse())[^1]]);

    [Fact]
    public void Tree_lstm_without_inputs_at_inner_nodes() => Check(
        model => new TreeLstm(model, "tree", Inputs, Hidden),
        (tree, x) => Both(x.Select(tree.Leaf).Aggregate(tree.Node)),
        (w, x) => Both(x.Select(leaf => Formulas.Binary(w, "tree", leaf, Absent, Absent))
            .Aggregate((left, right) => Formulas.Binary(w, "tree", new double[Inputs], left, right))));

    [Fact]
    public void Tree_lstm_with_inputs_at_inner_nodes() => Check(
        model => new TreeLstm(model, "tree", Inputs, Hidden),
        (tree, x) => Both(x.Select(tree.Leaf).Aggregate((left, right) => tree.Node(x[0], right, left))),
        (w, x) => Both(x.Select(leaf => Formulas.Binary(w, "tree", leaf, Absent, Absent))
            .Aggregate((left, right) => Formulas.Binary(w, "tree", x[0], right, left))));

    [Fact]
    public void Child_sum_tree_lstm() => Check(
        model => new ChildSumTreeLstm(model, "tree", Inputs, Hidden),
        (tree, x) => Both(tree.Node(x[0], [.. x[1..].Select(child => tree.Node(child))])),
        (w, x) => Both(Formulas.ChildSum(w, "tree", x[0], Hidden, [.. x[1..].Select(child => Formulas.ChildSum(w, "tree", child, Hidden))])));

    [Fact]
    public void Attention_within_an_example() => Check(
        model => new Attention(model, "attention", Inputs, 2),
        (attention, x) => attention.Apply(ConcatenateColumns(x)),
        (w, x) => [.. x.SelectMany(query => Formulas.Attention(
            w.Times("attention.Q", query),
            [.. x.Select(key => w.Times("attention.K", key))],
            [.. x.Select(value => w.Times("attention.V", value))]))]);

    [Fact]
    public void Attention_to_another_sequence_with_biases() => Check(
        model => new Attention(model, "attention", Inputs, 2, bias: true),
        (attention, x) => attention.Apply(ConcatenateColumns(x), ConcatenateColumns([.. x, x[0]])),
        (w, x) =>
        {
            double[][] context = [.. x, x[0]];
            return [.. x.SelectMany(query => Formulas.Attention(
                w.Linear("attention.Q", query, "attention.bQ"),
                [.. context.Select(key => w.Linear("attention.K", key, "attention.bK"))],
                [.. context.Select(value => w.Linear("attention.V", value, "attention.bV"))]))];
        });

    [Fact]
    public void Multi_head_attention_brings_the_heads_together() => Check(
        model => (new Linear(model, "wide", 4, Inputs), new MultiHeadAttention(model, "attention", 4, heads: 2)),
        (layers, x) => layers.Item2.Apply(layers.Item1.Apply(ConcatenateColumns(x))),
        (w, x) =>
        {
            double[][] wide = [.. x.Select(column => w.Linear("wide.W", column, "wide.b"))];
            return [.. wide.SelectMany(query => w.Linear("attention.output.W", [.. Head(query, 0), .. Head(query, 2)], "attention.output.b"))];

            double[] Head(double[] query, int start)
            {
                double[] Part(string name, double[] column) => w.Linear($"attention.{name}", column, $"attention.b{name}")[start..(start + 2)];
                return Formulas.Attention(Part("Q", query), [.. wide.Select(key => Part("K", key))], [.. wide.Select(value => Part("V", value))]);
            }
        });

    [Fact]
    public void The_rate_at_which_attention_drops_is_below_1()
    {
        using var model = new Model(1);
        Assert.Equal("dropout", Assert.Throws<ArgumentOutOfRangeException>(() => new Attention(model, "attention", 4, 4, dropout: 1)).ParamName);
        Assert.Equal("dropout", Assert.Throws<ArgumentOutOfRangeException>(() => new MultiHeadAttention(model, "attention", 4, 2, dropout: -0.1)).ParamName);
    }

    [Fact]
    public void Attention_of_several_heads_needs_as_many_parts_of_a_query()
    {
        using var model = new Model(1);
        Assert.Equal("heads", Assert.Throws<ArgumentOutOfRangeException>(() => new Attention(model, "attention", 4, 4, heads: 3)).ParamName);
        Assert.Equal("heads", Assert.Throws<ArgumentOutOfRangeException>(() => new Attention(model, "attention", 4, 4, heads: 0)).ParamName);
    }

    [Fact]
    public void A_forget_gate_starts_open()
    {
        using var model = new Model(1);
        _ = new Lstm(model, "lstm", Inputs, Hidden);
        _ = new TreeLstm(model, "binary", Inputs, Hidden);
        _ = new ChildSumTreeLstm(model, "sum", Inputs, Hidden);
        foreach (Parameter bias in model.Parameters.Where(parameter => parameter.Shape.IsVector))
        {
            string gates = bias.Name[(bias.Name.LastIndexOf('.') + 2)..];
            Assert.Equal(gates.SelectMany(gate => Enumerable.Repeat(gate == 'f' ? 1.0 : 0.0, Hidden)), model.ValuesOf(bias));
        }
    }

    [Fact]
    public void A_layer_of_a_name_that_is_taken_says_which()
    {
        using var model = new Model(1);
        _ = new Linear(model, "y", 2, 2);
        ArgumentException error = Assert.Throws<ArgumentException>(() => new Linear(model, "y", 2, 2));
        Assert.Contains("y.W", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vector_of_another_length_is_an_error_that_names_the_weight()
    {
        using var model = new Model(1);
        var layer = new Lstm(model, "lstm", Inputs, Hidden);
        Graph graph = model.NewGraph();
        ShapeException error = Assert.Throws<ShapeException>(() => layer.Start(graph.Input([1.0, 2.0])));
        Assert.Contains("lstm.Wifou [16 × 3]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_sequence_has_no_outputs_and_no_summary()
    {
        using var model = new Model(1);
        var layer = BidirectionalSequence.OfLstm(model, "both", Inputs, Hidden);
        layer.Run([], []);
        Assert.Throws<ArgumentException>(() => layer.Summarize([]));
        Assert.Throws<ArgumentException>(() => layer.Run([], new Expr[1]));
    }

    [Fact]
    public void Room_for_more_outputs_than_vectors_or_fewer_is_refused()
    {
        using var model = new Model(1);
        Expr x = model.NewGraph().Input([1.0, 2, 3]);
        foreach (IRecurrentLayer layer in new IRecurrentLayer[] { new Lstm(model, "lstm", Inputs, Hidden), new Gru(model, "gru", Inputs, Hidden) })
        {
            Assert.Equal("outputs", Assert.Throws<ArgumentException>(() => layer.Run([x], new Expr[2])).ParamName);
            Assert.Equal("outputs", Assert.Throws<ArgumentException>(() => layer.Run([x, x], new Expr[1])).ParamName);
        }
    }

    [Fact]
    public void A_perceptron_needs_two_sizes()
    {
        using var model = new Model(1);
        Assert.Throws<ArgumentException>(() => new Mlp(model, "mlp", 3));
    }

    private static void Check<TLayer>(Func<Model, TLayer> make, Func<TLayer, Expr[], Expr> apply, Func<Weights, double[][], double[]> formula) =>
        NetworkAssert.EqualsFormula(
            model =>
            {
                var embedding = new Embedding(model, "words", Inputs, Examples);
                TLayer layer = make(model);
                return (g, example) => apply(layer, [.. Enumerable.Range(0, example + 1).Select(word => embedding.Of(g, word))]);
            },
            (weights, example) => formula(weights, [.. Enumerable.Range(0, example + 1).Select(word => weights.Column("words.E", word, Inputs))]),
            Examples);

    private static Expr Both(LstmState state) => Concatenate(state.H, state.C);

    private static double[] Both((double[] H, double[] C) state) => [.. state.H, .. state.C];

    private static double[][] LstmStates(Weights weights, string layer, IEnumerable<double[]> sequence)
    {
        var state = (H: Zeros, C: Zeros);
        return [.. sequence.Select(x => (state = Formulas.Lstm(weights, layer, x, state)).H)];
    }

    private static double[][] GruStates(Weights weights, IEnumerable<double[]> sequence)
    {
        double[] h = Zeros;
        return [.. sequence.Select(x => h = Formulas.Gru(weights, "gru", x, h))];
    }

    private static double[] Relu(double[] x) => Array.ConvertAll(x, z => Math.Max(0, z));
}
