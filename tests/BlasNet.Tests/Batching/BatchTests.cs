using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Passes;
using BlasNet.Training;

namespace BlasNet.Tests.Batching;

/// <summary>Small graphs, and the batched graphs that are made of them.</summary>
public sealed class BatchTests : IDisposable
{
    private readonly Model _model = new(seed: 1);
    private readonly Parameter _w, _bias;
    private readonly Graph _graph;

    public BatchTests()
    {
        (_w, _bias) = (_model.Weight("W", 2, 2), _model.Bias("b", 2));
        _graph = _model.NewGraph();
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Products_with_vectors_become_one_product_with_a_stack()
    {
        for (int example = 0; example < 2; example++)
            _ = _w * Input(2);

        AssertBatched(
            "%0 = input : [2] ×2",
            "W = parameter : [2 × 2]",
            "%2 = matmul W %0 : [2] ×2");
    }

    [Fact]
    public void A_batched_graph_knows_its_parameters()
    {
        Expr loss = Op.Total(Op.Sum(_w * _graph.Input([1.0, 2])), Op.Sum(Op.Tanh(_w * _graph.Input([3.0, 4]) + _bias)));
        BatchedGraph batched = _graph.Batch();
        int nodes = batched.Graph.Count;
        Assert.Equal("W", batched.Graph.NodeAt(batched.Graph.Use(_w).Index).Name);
        Assert.Equal(nodes, batched.Graph.Count);

        double[] expected = _graph.Evaluate(loss.Differentiate(_w)[0]);
        Assert.NotEqual(new double[4], expected);
        Assert.Equal(expected, batched.Graph.Evaluate(batched.Locate(loss).Stack.Differentiate(_w)[0]));
    }

    [Fact]
    public void A_term_of_a_sum_that_is_asked_for_has_its_own_value()
    {
        double[] gradient = [];
        var evaluator = new Evaluator<double>(_model, (g, first) =>
        {
            Expr term = Op.Sum(_w * g.Input([first, 2])).Differentiate(_w)[0];
            Op.Total(term, Op.Sum(_w * g.Input([4.0, 5])).Differentiate(_w)[0]);
            return term;
        });
        evaluator.Run(
            [1.0, 7], (_, values) => gradient = [.. gradient, .. values.ToArray().Select(x => (double)x)], TestContext.Current.CancellationToken);

        Assert.Equal([1, 1, 2, 2, 7, 7, 2, 2], gradient);
    }

    [Fact]
    public void Terms_that_are_merged_into_a_sum_have_no_place_of_their_own()
    {
        Expr left = Op.Sum(_graph.Use(_w) * Input(2)).Differentiate(_w)[0], right = Op.Sum(_graph.Use(_w) * Input(2)).Differentiate(_w)[0];
        Expr sum = Op.Total(left, right);
        BatchedGraph batched = _graph.Batch();

        Assert.All([left, right], term =>
        {
            Assert.Throws<InvalidOperationException>(() => batched.Locate(term));
            Assert.False(batched.TryLocate(_graph.NodeAt(term.Index), out _, out _));
        });
        Assert.Equal(0, batched.Locate(sum).Element);
    }

    [Fact]
    public void What_all_examples_share_is_computed_once()
    {
        for (int example = 0; example < 2; example++)
            _ = Input(2) + Op.Tanh(_graph.Use(_bias));

        AssertBatched(
            "%0 = input : [2] ×2",
            "b = parameter : [2]",
            "%2 = tanh b : [2]",
            "%3 = add %0 %2 : [2] ×2");
    }

    [Fact]
    public void Matrices_with_different_numbers_of_columns_merge_column_by_column()
    {
        _ = _w * Input(2);
        _ = _w * Input(2, columns: 3);

        AssertBatched(
            "%0 = input : [2] ×4",
            "W = parameter : [2 × 2]",
            "%2 = matmul W %0 : [2] ×4");
    }

    [Fact]
    public void One_sum_is_a_total_of_the_stack_of_its_terms()
    {
        Op.Total(Op.Tanh(Input(2)), Op.Tanh(Input(2)));

        AssertBatched(
            "%0 = input : [2] ×2",
            "%1 = tanh %0 : [2] ×2",
            "%2 = total %1 : [2]");
    }

    [Fact]
    public void Several_sums_are_a_scatter_add_of_their_terms()
    {
        Expr a = Op.Tanh(Input(2)), b = Op.Tanh(Input(2)), c = Op.Tanh(Input(2));
        Op.Total(a, b);
        Op.Total(b, c);

        AssertBatched(
            "%0 = input : [2] ×3",
            "%1 = tanh %0 : [2] ×3",
            "%2 = scatter-add(4 runs) %1 : [2] ×2");
    }

    private Expr Input(int rows, int columns = 1) => _graph.Input(new float[rows * columns], new Shape(rows, columns));

    private void AssertBatched(params string[] lines) => Assert.Equal(string.Join('\n', lines), _graph.Batch().Graph.ToText().Trim().ReplaceLineEndings("\n"));
    [Fact]
    public void A_parameter_is_located_in_the_batched_graph_itself()
    {
        using var model = new Model();
        Parameter weight = model.Weight("W", 2, 3);
        Graph graph = model.NewGraph();
        Expr product = graph.Use(weight) * graph.Input(new double[] { 1, 2, 3 });
        BatchedGraph batched = graph.Batch();

        Assert.Equal((batched.Graph.Use(weight), 0), batched.Locate(weight));
        Expr late = BlasNet.Operators.Op.Tanh(product);
        Assert.Contains("after the graph was batched", Assert.Throws<InvalidOperationException>(() => batched.Locate(late)).Message, StringComparison.Ordinal);
    }

    /// <summary>The gradient of W is one product over both examples: their terms have no value of their own.</summary>
    [Fact]
    public void Nodes_are_found_in_the_batched_graph_unless_they_were_merged_into_a_sum()
    {
        using var model = new Model();
        Graph graph = model.NewGraph();
        Expr w = graph.Use(model.Weight("W", 2, 3));
        Expr[] inputs = [graph.Input([1.0, 2, 3]), graph.Input([4.0, 5, 6])], products = [.. inputs.Select(x => w * x)];
        Expr loss = Op.Total(Op.Sum(products[0]), Op.Sum(products[1]));
        loss.Differentiate(w);
        int[] terms = [.. Enumerable.Range(0, graph.Count).Where(node => graph.NodeAt(node).Operator == "outer-product-sum")];
        BatchedGraph batched = graph.Batch();

        for (int example = 0; example < 2; example++)
        {
            Assert.True(batched.TryLocate(graph.NodeAt(inputs[example].Index), out GraphNode stack, out int element));
            Assert.Equal((1, 2, 3 * example), (stack.Index, stack.Count, element));
            Assert.False(batched.TryLocate(graph.NodeAt(terms[example]), out _, out _));
        }

        Op.Tanh(loss);
        Assert.Throws<InvalidOperationException>(() => batched.TryLocate(graph.NodeAt(graph.Count - 1), out _, out _));
    }
}
