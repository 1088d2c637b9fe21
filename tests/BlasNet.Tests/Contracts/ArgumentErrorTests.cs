using BlasNet.Derivatives;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Contracts;

/// <summary>Arguments that are none, or not there, are refused by a rule, not by what a library happens to do with them.</summary>
public sealed class ArgumentErrorTests
{
    [Fact]
    public void A_missing_argument_is_named()
    {
        using var model = new Model(1);
        Parameter b = model.Bias("b", 2);
        Assert.Throws<ArgumentNullException>("predecessors", () => Dag.OfSets([null!]));
        Assert.Throws<ArgumentNullException>("parameters", () => new ParameterGroup([b, null!]));
        var trainer = new Trainer<int>(model, (g, i) => Sum(b), new Sgd(1));
        Assert.Throws<ArgumentNullException>("groups", () => trainer.Groups = [null!]);
        Assert.Throws<ArgumentException>("expressions", () => ExprDerivatives.JacobianVector([], [], []));
        var error = Assert.Throws<InvalidOperationException>(() => Evaluator.OfSeveral<int>(model, (g, i) => null!).PredictAll(1));
        Assert.Contains("at least one result", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_that_is_not_there_is_named()
    {
        var confusion = new ConfusionMatrix(2);
        confusion.Add(1, 0);
        Assert.Throws<ArgumentOutOfRangeException>("label", () => confusion.F1(2));
        Assert.Throws<ArgumentOutOfRangeException>("label", () => confusion.Precision(-1));
        Assert.Throws<ArgumentOutOfRangeException>("label", () => confusion.Recall(7));
        Assert.Throws<ArgumentOutOfRangeException>("actual", () => confusion[3, 0]);
        Assert.Throws<ArgumentOutOfRangeException>("predicted", () => confusion[0, 2]);
        Assert.Throws<ArgumentOutOfRangeException>("actual", () => confusion.Add(-2, 0));
        Assert.Equal((1, 1), (confusion[1, 0], confusion.Count));
    }

    [Fact]
    public void A_disposed_model_says_so()
    {
        var model = new Model(1);
        model.Bias("b", 2);
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(model.RequireFinite);
    }

    [Fact]
    public void What_is_no_node_says_so()
    {
        GraphNode none = default;
        Assert.Contains("default(GraphNode)", Assert.Throws<InvalidOperationException>(() => none.Operator).Message, StringComparison.Ordinal);
        Assert.Equal("no node", none.ToString());
        Assert.Equal(none, default);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public void An_operator_of_ones_own_is_told_what_is_wrong(int fault)
    {
        using var model = new Model(1, Precision.Double);
        Parameter b = model.Bias("b", 2);
        var op = new Faulty(fault);
        var trainer = new Trainer<int>(model, (g, i) => Sum(op.Apply(g.Use(b) + g.Input([1.0, i]))), new Sgd(1));
        Exception error = Assert.ThrowsAny<Exception>(() => trainer.Step([1, 2]));
        if (fault == 0)
            Assert.Contains("faulty", Assert.IsType<ShapeException>(error).Message, StringComparison.Ordinal);
        else
            Assert.Equal("operand", Assert.IsType<ArgumentOutOfRangeException>(error).ParamName);
    }

    private sealed class Faulty(int fault) : CustomOperator("faulty")
    {
        public Expr Apply(Expr x) => base.Apply(x);

        protected override Shape InferShape(ReadOnlySpan<Shape> operands) => fault == 0 ? default : operands[0];

        protected override void Forward<T>(in KernelValues<T> values)
        {
            for (int value = 0; value < values.Count; value++)
                values.Operand(fault == 1 ? 3 : 0, value).CopyTo(values.Result(value));
        }

        protected override void Gradient(in OperatorGradient gradient) => gradient.Accumulate(fault == 2 ? 3 : 0, gradient.ResultGradient);
    }
}
