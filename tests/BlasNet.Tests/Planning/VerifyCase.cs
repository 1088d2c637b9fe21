using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Operators.Intrinsics;
using BlasNet.Planning;

namespace BlasNet.Tests.Planning;

/// <summary>Graphs and plans with and without a fault, for the verifier.</summary>
public abstract class VerifyCase
{
    private protected static readonly Shape Three = new(3);

    private protected Graph Graph { get; } = new(Precision.Double);

    private protected int Input() => Graph.Input([1.0, 2.0, 3.0]).Index;

    private protected int Append(Operator op, int[] inputs, Shape shape, int count = 1, long attribute = 0) =>
        Graph.AppendStack(op, attribute, inputs, shape, count, shared: false);

    private protected int Gather(int input, params Move[] runs) => Append(GatherOperator.Instance, [input], Three, count: 2, attribute: Graph.AddMoves(runs));

    private protected int Moves(Operator op, int[] numbers)
    {
        int input = Append(TanhOperator.Instance, [Input()], Three, count: 2);
        Move[] runs = [.. numbers.Chunk(4).Select(run => new Move(run[0], run[1], run[2], run[3]))];
        return Append(op, [input], Three, count: 2, attribute: Graph.AddMoves(runs));
    }

    private protected int Chain() => Op.Softmax(Op.Softmax(Graph.At(Input()))).Index;

    private protected int Fork(out int first, out int second)
    {
        Expr x = Graph.At(Input()), a = Op.Softmax(x), b = Op.Tanh(x);
        (first, second) = (a.Index, b.Index);
        return Op.Dot(a, b).Index;
    }

    // Tanh of an input, summed up in the gradient buffer.
    private protected (Plan Plan, int Product, int Total) GradientOfOneTerm()
    {
        int product = Op.Tanh(Graph.At(Input())).Index, total = Append(TotalOperator.Instance, [product], Three);
        Plan plan = PlanOf(total, out _);
        plan[total] = Placement.Own(total, Space.Gradients).With(Beta.One);
        (plan.Steps[0], plan.Steps[1], plan.StepCount) = (product, total, 2);
        return (plan, product, total);
    }

    private protected Plan PlanOf(int output, out int[] outputs)
    {
        var plan = new Plan();
        outputs = [output];
        new BufferPlanner().Run(plan, Graph, outputs, [], []);
        return plan;
    }

    private protected void AssertKept(int last)
    {
        Assert.Equal(Graph.Count - 1, last);
        Verify.Run(Graph);
    }

    private protected void AssertRefused(string rule, int node)
    {
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => Verify.Run(Graph));
        Assert.StartsWith($"Error in BlasNet: node %{node} ", error.Message, StringComparison.Ordinal);
        Assert.Contains(rule, error.Message, StringComparison.Ordinal);
    }

    private protected static void AssertRefused(string rule, Action verify) =>
        Assert.Contains(rule, Assert.Throws<InvalidOperationException>(verify).Message, StringComparison.Ordinal);

    private protected sealed class TwoResults() : Operator(new())
    {
        public override string Name => "two";

        public override int ResultCount => 2;

        public override Shape ResultShape(int result, Shape shape) => Three;

        public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

        public override void Forward<T>(in Operands<T> stack) { }

        public override void Gradient(in GradientContext g) { }
    }
}
