using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Execution;

/// <summary>An engine that checks finds what breaks a rule; it is asked to in tests only, since that takes time.</summary>
public sealed class VerifyingEngineTests
{
    [Theory, InlineData(true), InlineData(false)]
    public void A_graph_that_breaks_a_rule_is_found_where_graphs_are_checked(bool verify)
    {
        using var model = new Model(1, Precision.Double);
        Graph graph = model.NewGraph();
        var op = new ChangingOperator();
        Expr y = Expr.Apply(op, graph.Input([1.0, 2, 3]));
        using var engine = new Engine<double>(model.Store<double>(), new ComputeOptions { Verify = verify, Batching = false });
        op.Rows = 2;   // its value has three

        Exception? error = Record.Exception(() => engine.Prepare(graph, [y]));
        Assert.Equal(verify, error is InvalidOperationException { Message: var message } && message.Contains("should be [2]", StringComparison.Ordinal));
    }

    // A view that is longer than what it is a view of.
    [Theory, InlineData(true), InlineData(false)]
    public void A_plan_that_breaks_a_rule_is_found_where_plans_are_checked(bool verify)
    {
        using var model = new Model(1, Precision.Double);
        Graph graph = model.NewGraph();
        Expr y = Expr.Apply(new LongViewOperator(), Op.Tanh(graph.Input([1.0, 2, 3])));
        using var engine = new Engine<double>(model.Store<double>(), new ComputeOptions { Verify = verify, Batching = false });

        Exception? error = Record.Exception(() => engine.Prepare(graph, [y]));
        Assert.Equal(verify, error is InvalidOperationException { Message: var message } && message.Contains("outside its place", StringComparison.Ordinal));
    }

    private sealed class LongViewOperator() : Operator(new() { Storage = Storage.View })
    {
        public override string Name => "long-view";

        public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => new(inputs[0].Rows + 100);

        public override void Forward<T>(in Operands<T> stack) { }

        public override void Gradient(in GradientContext g) { }
    }

    private sealed class ChangingOperator() : Operator(new())
    {
        public int Rows { get; set; } = 3;

        public override string Name => "changing";

        public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => new(Rows);

        public override void Forward<T>(in Operands<T> stack) { }

        public override void Gradient(in GradientContext g) { }
    }
}
