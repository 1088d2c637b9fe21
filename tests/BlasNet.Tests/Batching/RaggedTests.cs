using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Passes;
using BlasNet.Training;

namespace BlasNet.Tests.Batching;

/// <summary>Values of different numbers of columns, and recurrences over different graphs, as stacks.</summary>
public sealed class RaggedTests : IDisposable
{
    private readonly Model _model = new(seed: 1);
    private readonly Parameter _w, _table, _convolution;
    private readonly Graph _graph;

    public RaggedTests()
    {
        (_w, _table, _convolution) = (_model.Weight("W", 2, 2), _model.Weight("E", 2, 5), _model.Weight("C", 3, 4));
        _graph = _model.NewGraph();
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Sums_over_different_numbers_of_columns_are_one_sum_over_segments()
    {
        _ = Op.SumColumns(Input(2));
        _ = Op.SumColumns(Input(3));

        AssertBatched("%0 = input : [2] ×5", "%1 = segment-sum(2 segments) %0 : [2] ×2");
    }

    [Fact]
    public void Layer_normalization_softmax_and_choices_run_on_columns_of_any_lengths()
    {
        foreach (int columns in (int[])[2, 3])
            _ = Op.Where(Op.Greater(Input(columns), Op.Tanh(_graph.Input([1f, 2]))), Op.Softmax(Op.LayerNorm(Input(columns))), _graph.Constant(0));

        string[] lines = _graph.Batch().Graph.ToText().Trim().Split('\n');
        foreach (string name in (string[])["greater", "layer-norm", "softmax", "where"])
            Assert.EndsWith(": [2] ×5", Assert.Single(lines, line => line.Contains($"= {name}", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void Windows_of_sequences_of_any_lengths_are_multiplied_at_once()
    {
        foreach (int columns in (int[])[3, 4])
            _ = Op.MaxColumns(Op.Conv1d(_convolution, Input(columns)));

        AssertBatched(
            "%0 = input : [2] ×7", "C = parameter : [3 × 4]", "%2 = segment-unfold(2 segments) %0 : [4] ×5", "%3 = matmul C %2 : [3] ×5",
            "%4 = segment-max(2 segments) %3 %3 : [3] ×2");
    }

    [Fact]
    public void Derivatives_of_largest_columns_may_be_one_vector_of_all_examples()
    {
        Expr two = _graph.Input([1f, 2, 4, 3], Shape.Of(2, 2)), three = _graph.Input([5f, 1, 2, 2, 0, 7], Shape.Of(2, 3));
        Expr[] slopes = (Op.Sum(Op.MaxColumns(two)) + Op.Sum(Op.MaxColumns(three))).Differentiate(two, three);

        double[][] values = _graph.Evaluate(slopes);
        Assert.Equal([0, 0, 1, 1], values[0]);
        Assert.Equal([1, 0, 0, 0, 0, 1], values[1]);
    }

    [Fact]
    public void Zeros_around_a_sequence_are_gathered_with_it()
    {
        foreach (int columns in (int[])[1, 2])
            _ = Op.Conv1d(_convolution, Input(columns), padding: 1);

        AssertBatched(
            "%0 = input : [2] ×3", "%1 = constant : [2]", "C = parameter : [3 × 4]", "%3 = gather(6 runs) %1 %0 : [2] ×7",
            "%4 = segment-unfold(2 segments) %3 : [4] ×5", "%5 = matmul C %4 : [3] ×5");
    }

    [Fact]
    public void The_largest_of_each_column_is_found_column_by_column()
    {
        foreach (int columns in (int[])[2, 3])
            _ = Op.MaxRows(Input(columns));

        AssertBatched("%0 = input : [2] ×5", "%1 = arg-max %0 : [1] ×5", "%2 = pick %0 %1 : [1] ×5");
    }

    [Fact]
    public void A_vector_is_repeated_over_any_number_of_columns_in_one_go()
    {
        foreach (int columns in (int[])[2, 3])
            _ = Op.ExpandTo(new Shape(2, columns), Op.Tanh(_graph.Input([1f, 2])));

        AssertBatched("%0 = input : [2] ×2", "%1 = tanh %0 : [2] ×2", "%2 = segment-repeat(2 segments) %1 : [2] ×5");
    }

    [Fact]
    public void A_row_is_repeated_over_rows_column_by_column()
    {
        foreach (int columns in (int[])[2, 3])
            _ = Op.ExpandTo(new Shape(4, columns), Op.SumRows(Input(columns)));

        AssertBatched("%0 = input : [2] ×5", "%1 = sum-rows %0 : [1] ×5", "%2 = expand %1 : [4] ×5");
    }

    [Fact]
    public void Columns_that_are_sliced_and_set_side_by_side_again_cost_nothing()
    {
        foreach (int columns in (int[])[2, 3])
        {
            Expr x = Op.Tanh(Input(columns));
            _ = _w * Op.ConcatenateColumns(Op.SliceColumns(x, 0, 1), Op.SliceColumns(x, 1, columns - 1));
        }

        AssertBatched("%0 = input : [2] ×5", "W = parameter : [2 × 2]", "%2 = tanh %0 : [2] ×5", "%3 = matmul W %2 : [2] ×5");
    }

    [Fact]
    public void An_operand_with_one_column_is_repeated_where_the_others_have_several()
    {
        foreach (int columns in (int[])[1, 2])
            _ = Input(columns) + Op.Tanh(_graph.Input([1f, 2]));

        AssertBatched(
            "%0 = input : [2] ×5", "%1 = gather(2 runs) %0 : [2] ×2", "%2 = tanh %1 : [2] ×2", "%3 = gather(2 runs) %0 : [2] ×3",
            "%4 = gather(2 runs) %2 : [2] ×3", "%5 = add %3 %4 : [2] ×3");
    }

    [Fact]
    public void A_word_that_occurs_in_several_places_is_looked_up_once()
    {
        _ = Op.Lookup(_graph.Use(_table), [4, 1, 4]);
        _ = Op.Lookup(_graph.Use(_table), [1, 0]);

        AssertBatched("E = parameter : [2 × 5]", "%1 = index : [1] ×5", "%2 = gather(2 runs) %1 : [1] ×3", "%3 = lookup E %2 : [2] ×3");
    }

    // The first group of lookups has a word twice, the last no given words at all.
    [Theory, InlineData(1), InlineData(2), InlineData(4)]
    public void A_word_that_is_computed_is_its_own_beside_those_that_are_given(int computeBatch)
    {
        float[] table = [.. Enumerable.Range(0, 10).Select(i => i * i - 20f)];
        _model.SetValues(_table, table);
        double[][] scores = [[0, 1, 2, 9, 3], [5, 4, 3, 2, 1], [0, 0, 0, 0, 1], [0, 1, 0, 0, 0]];
        int[][] words = [[4, 1, 4], [1, 0], [3, 3], [2]];
        var evaluator = new Evaluator<int>(_model, (g, example) =>
            Op.Concatenate(Op.SumColumns(Op.Lookup(_table, words[example])), Op.Lookup(_table, Op.ArgMax(g.Input(scores[example])))))
        { ComputeBatch = computeBatch };

        evaluator.Run([0, 1, 2, 3], (example, values) =>
        {
            int chosen = Array.IndexOf(scores[example], scores[example].Max());
            Assert.Equal([.. Column(words[example]), .. Column([chosen])], values.ToArray());
        }, TestContext.Current.CancellationToken);

        float[] Column(int[] words) => [words.Sum(word => table[2 * word]), words.Sum(word => table[2 * word + 1])];
    }

    [Fact]
    public void Attention_of_any_lengths_is_one_launch_for_each_step()
    {
        foreach (int columns in (int[])[3, 1])
            _ = Op.Attention(Input(columns), Op.Tanh(Input(columns + 1)), _w * Input(columns + 1), heads: 2);

        AssertBatched(
            "%0 = input : [2] ×16",
            "W = parameter : [2 × 2]",
            "%2 = gather(2 runs) %0 : [2] ×6",
            "%3 = tanh %2 : [2] ×6",
            "%4 = gather(2 runs) %0 : [2] ×6",
            "%5 = matmul W %4 : [2] ×6",
            "%6 = gather(2 runs) %0 : [2] ×4",
            "%7 = scale(1) %6 : [2] ×4",
            "%8 = segment-scores(2 segments) %3 %7 : [1] ×28",
            "%9 = segment-softmax(2 segments) %8 : [1] ×28",
            "%10 = segment-by-query(2 segments) %5 %9 : [2] ×4");
    }

    [Fact]
    public void Keys_that_all_examples_share_are_not_repeated()
    {
        foreach (int columns in (int[])[3, 1])
            _ = Op.Attention(Input(columns), _graph.Use(_w), _w);

        AssertBatched(
            "%0 = input : [2] ×4",
            "W = parameter : [2 × 2]",
            "%2 = scale(0.7071067811865475) %0 : [2] ×4",
            "%3 = segment-scores(2 segments) W %2 : [1] ×8",
            "%4 = segment-softmax(2 segments) %3 : [1] ×8",
            "%5 = segment-by-query(2 segments) W %4 : [2] ×4");
    }

    [Fact]
    public void Dropout_of_any_lengths_has_a_mask_for_each_value()
    {
        _graph.IsTraining = true;
        foreach (int columns in (int[])[3, 1])
            _ = Op.Dropout(Input(columns), 0.5);

        AssertBatched("%0 = input : [2] ×4", "%1 = key : [2] ×2", "%2 = segment-dropout(2 segments) %0 %1 : [2] ×4");
    }

    [Fact]
    public void A_recurrence_is_one_node_and_becomes_a_call_for_each_level_of_all_examples()
    {
        Recurrence<Expr> chain = Recurrence.Of("chain", (Expr x) => Op.Tanh(x), (Expr x, Expr h) => Op.Tanh(_w * h + x));
        _ = chain.Run(Input(1));
        _ = chain.Run(Input(3));
        Assert.Equal("%0 = input : [2]\n%1 = chain %0 : [2]\n%2 = input : [2 × 3]\n%3 = chain %2 : [2 × 3]", _graph.ToText().Trim());

        AssertBatched(
            "%0 = input : [2] ×4",
            "%1 = gather(2 runs) %0 : [2] ×2",   // the example of three vectors comes first
            "%2 = chain.start %1 : [2] ×2",
            "%3 = gather(1 run) %0 : [2]",
            "%4 = gather(1 run) %2 : [2]",
            "%5 = chain.step %3 %4 : [2]",
            "%6 = gather(1 run) %0 : [2]",
            "%7 = chain.step %6 %5 : [2]",
            "%8 = gather(3 runs) %2 %5 %7 : [2] ×4");
    }

    // The step knows the states alone, which are of one length.
    [Fact]
    public void A_recurrence_over_leaves_takes_inputs_of_any_length()
    {
        Recurrence<Expr> sum = Recurrence.OfLeaves("sum", (Expr x) => Op.Sum(x), (Expr left, Expr right) => left + 2 * right);
        var tree = Dag.Binary([-1, -1, 0], [-1, -1, 1]);
        Expr three = sum.Run(_graph.Input([1f, 2, 3, 4, 5, 6], new Shape(3, 2)), tree);
        Expr two = sum.Run(_graph.Input([1f, 2, 3, 4], new Shape(2, 2)), tree);

        double[][] values = _graph.Evaluate(three, two);
        Assert.Equal([6.0, 15, 36], values[0]);
        Assert.Equal([3.0, 7, 17], values[1]);
    }

    [Fact]
    public void Predecessors_that_are_no_vertices_or_form_a_cycle_are_refused_by_vertex()
    {
        Assert.Contains(
            "Vertex 1: its predecessor 5 is none of the vertices 0 … 1",
            Assert.Throws<ArgumentException>(() => Dag.OfPlaces(1, [-1, 5])).Message, StringComparison.Ordinal);
        Assert.Contains("Vertex 1", Assert.Throws<ArgumentException>(() => Dag.OfSets([], [2], [1])).Message, StringComparison.Ordinal);
        Assert.Contains("cycle", Assert.Throws<ArgumentException>(() => Dag.OfPlaces(1, [0])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Dag.OfPlaces(2, [-1, -1, 0]));
        Assert.Throws<ArgumentException>(() => Dag.Binary([-1], [-1, -1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Dag.OfPlaces(0, [-1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Dag.Chain(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Dag.Chain(int.MaxValue));
    }

    [Fact]
    public void What_does_not_fit_a_recurrence_is_refused_where_it_is_written()
    {
        Recurrence<Expr> chain = Recurrence.Of("chain", (Expr x) => Op.Tanh(x), (Expr x, Expr h) => x + h);
        _graph.BeginExample(7);
        Assert.Equal("chain: x must have a column for each of the 3 vertices of example 7, but it is [2 × 2].",
            Assert.Throws<ShapeException>(() => chain.Run(Input(2), Dag.Chain(3))).Message);
        Assert.Contains(
            "1 place", Assert.Throws<ArgumentException>(() => chain.Run(Input(2), Dag.OfPlaces(2, [-1, -1, 0, 0]))).Message, StringComparison.Ordinal);
        Recurrence<Expr> growing = Recurrence.Of("growing", (Expr x) => x, (Expr x, Expr h) => Op.Concatenate(x, h));
        Assert.Equal("growing: step gives [4], but start [2]: a state keeps its shape.", Assert.Throws<ShapeException>(() => growing.Run(Input(2))).Message);
        Recurrence<Expr> two = Recurrence.Of("two", (Expr x) => x, (Expr x, Expr h, Expr k) => h + k);
        Assert.Throws<InvalidOperationException>(() => two.Run(Input(2)));
    }

    private Expr Input(int columns) => _graph.Input(new float[2 * columns], new Shape(2, columns));

    private void AssertBatched(params string[] lines) => Assert.Equal(string.Join('\n', lines), _graph.Batch().Graph.ToText().Trim());
}
