using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Tests.Contracts;

/// <summary>Wrong shapes are refused where the expression is written, by the user's own names.</summary>
public sealed class OperatorShapeTests : OperatorTests
{
    [Theory, MemberData(nameof(Samples))]
    public void Wrong_shapes_are_refused_by_operator_rule_shapes_and_names(string name)
    {
        OperatorSample sample = Sample(name);
        foreach (Shape[] shapes in sample.Wrong)
        {
            var graph = new Graph(Precision.Double);
            Expr[] inputs = [.. shapes.Select((shape, k) => new SampleInput(shape).AddTo(graph, OperatorSample.NameOf(k), shared: false, new double[shape.Size]))];
            int before = graph.Count;
            var error = Assert.Throws<ShapeException>(() => sample.Build(inputs));

            Assert.StartsWith($"{sample.Operator.Name}: ", error.Message, StringComparison.Ordinal);
            Assert.EndsWith($"Inputs: {string.Join(", ", shapes.Select((shape, k) => $"{OperatorSample.NameOf(k)} {shape}"))}.", error.Message, StringComparison.Ordinal);
            Assert.Equal(before, graph.Count);
        }
    }

    [Fact]
    public void An_operator_with_a_rule_has_a_sample_that_breaks_it()
    {
        // Of the stack over which spread repeats a value, only the size counts.
        var unbroken = OperatorSamples.All
            .GroupBy(sample => sample.Operator)
            .Where(samples => samples.First().Inputs.Length > 1 && samples.Key.Merging != Merging.Never && samples.Key != SpreadOperator.Instance && samples.All(sample => sample.Wrong.Length == 0))
            .Select(samples => samples.Key.Name);
        Assert.Empty(unbroken);
    }

    [Fact]
    public void A_label_that_is_no_class_is_refused_where_it_is_written()
    {
        var graph = new Graph(Precision.Single);
        Expr z = graph.Input([1f, 2f, 3f]).Named("z");
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Op.CrossEntropy(z, 3));
        Assert.Equal("cross-entropy: index 3 must be less than the number of logits (3). Input: z [3].", error.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Op.CrossEntropy(z, -1));
    }

    [Fact]
    public void A_word_that_is_not_in_the_table_is_refused_where_it_is_written()
    {
        var graph = new Graph(Precision.Single);
        Expr table = graph.Constant([1f, 2f, 3f, 4f], new Shape(2, 2)).Named("E");
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Op.Lookup(table, graph.Index(7)));
        Assert.Equal("lookup: index 7 must be less than the number of columns (2). Input: E [2 × 2].", error.Message);
    }

    [Fact]
    public void A_computed_index_outside_the_table_stops_the_run()
    {
        var graph = new Graph(Precision.Double);
        Expr table = graph.Constant([1.0, 2, 3, 4], new Shape(2, 2));
        Op.Lookup(table, Op.Scale(graph.Index(1), 2));
        var error = Assert.Throws<InvalidOperationException>(() => new DirectEvaluator<double>(graph));
        Assert.Equal("lookup: index 2 is not a whole number between 0 and 1.", error.Message);
    }

    [Theory, InlineData(-0.1), InlineData(1), InlineData(double.NaN)]
    public void A_dropout_rate_outside_its_range_is_refused(double rate) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Op.Dropout(new Graph(Precision.Single).Input(1), rate));
}
