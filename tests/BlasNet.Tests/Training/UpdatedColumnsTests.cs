using BlasNet.Graphs;
using BlasNet.Passes;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>An optimizer updates what a step's loss depends on. What that is must not follow from which examples are computed together: a value that the loss
/// does not depend on merges with one that it does, and its gradient is zero then, but is one.</summary>
public sealed class UpdatedColumnsTests
{
    private static readonly Recurrence<Expr> Chain = Recurrence.Of("chain", (Expr x) => x, (Expr x, Expr h) => Tanh(x + h));

    private static readonly Function<Expr, Expr> Doubled = Function.Of("doubled", (Expr x) => 2 * Tanh(x));

    private static readonly Function<(Expr, Expr), Expr> Slope =
        Function.Of("slope", ((Expr x, Expr u) a) => Sum(Sum(MatMul(a.x, Transpose(a.u))).Differentiate(a.u)[0]));

    // Of word i in example i, and the columns that a step over examples 0, 1 and 2 updates; example 0's loss depends on what it looks up.
    private static readonly Dictionary<string, (Func<Graph, Parameter, Parameter, int, Expr> Loss, int[] Updated)> Forms = new()
    {
        ["unused"] = ((g, t, b, i) => Lookup(t, i) is var x && i == 0 ? Sum(x) : Sum(b), [0]),
        ["stopped"] = ((g, t, b, i) => Lookup(t, i) is var x && i == 0 ? Sum(x) : Sum(b) + Sum(StopGradient(x)), [0]),
        ["stopped later"] = ((g, t, b, i) => Tanh(Lookup(t, i)) is var x && i == 0 ? Sum(x) : Sum(b) + Sum(StopGradient(x)), [0]),
        ["a step function"] = ((g, t, b, i) => Lookup(t, i) is var x && i == 0 ? Sum(x) : Sum(b) + Sum(Sign(x)), [0]),
        ["some columns"] = ((g, t, b, i) => Lookup(t, [i, 2 + (i % 2)]) is var x && i == 0 ? Sum(x) : i == 2 ? Sum(x[.., 0]) : Sum(b), [0, 2]),
        ["a recurrence"] = ((g, t, b, i) => Chain.Run(Lookup(t, [i, (i + 1) % 4])) is var x && i == 0 ? Sum(x) : Sum(b), [0, 1]),
        ["some of a recurrence"] = ((g, t, b, i) => Chain.Run(Lookup(t, [i, 3])) is var x && i == 0 ? Sum(x[.., 0]) : Sum(b), [0]),
        ["a function"] = ((g, t, b, i) => Doubled.Call(Lookup(t, i)) is var x && i == 0 ? Sum(x) : Sum(b), [0]),
        ["twice"] = ((g, t, b, i) => i == 0 ? Sum(Lookup(t, 1)) + Sum(Lookup(t, 1)) : Sum(b), [1]),
        ["a slope"] = ((g, t, b, i) => (Slope.Call((Lookup(t, i), b)), Slope.Call((g.Input([1.0, i]), b))) is var (x, y) && i == 0 ? x : y, [0]),
        ["no slope"] = ((g, t, b, i) => (Slope.Call((Lookup(t, i), b)), Slope.Call((g.Input([1.0, i]), b))) is var (x, y) ? y : x, []),
    };

    public static TheoryData<string, bool, int, int> Ways => new MatrixTheoryData<string, bool, int, int>(Forms.Keys, [true, false], [0, 1, 2], [1, 2]);

    [Theory, MemberData(nameof(Ways))]
    public void A_step_updates_the_columns_that_its_loss_depends_on(string form, bool batching, int computeBatch, int workers)
    {
        using var model = new Model(1, Precision.Double);
        Parameter table = model.Weight("T", 2, 4), b = model.Bias("b", 2), other = model.Weight("other", 2, 2);
        model.SetValues(table, [1, 1, 1, 1, 1, 1, 1, 1]);
        model.SetValues(b, [1, 1]);
        var (loss, updated) = Forms[form];
        var options = new ComputeOptions { Batching = batching, Verify = true };

        // A rate of 0 would not decay: the gradient is clipped away instead.
        var optimizer = new Sgd(1) { WeightDecay = 0.25, ClipValue = 1e-9 };
        var trainer = new Trainer<int>(model, (g, i) => loss(g, table, b, i), optimizer, options) { ComputeBatch = computeBatch, Workers = workers };
        double[] before = model.ValuesOf(other);
        trainer.Step([0, 1, 2]);

        double[] after = model.ValuesOf(table);
        Assert.Equal(updated, Enumerable.Range(0, 4).Where(column => after[2 * column] != 1));
        Assert.All(updated, column => Assert.Equal(0.75, after[2 * column], 1e-6));
        Assert.Equal(before, model.ValuesOf(other));
    }

    /// <summary>A matrix too: what only an unused value reads has no gradient, though that value merges with others.</summary>
    [Theory, InlineData(0), InlineData(1)]
    public void A_step_does_not_update_what_only_unused_values_read(int computeBatch)
    {
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("W", 2, 2), u = model.Weight("U", 2, 2);
        double[] before = model.ValuesOf(u);
        new Trainer<int>(model, Loss, new Sgd(1) { WeightDecay = 0.5 }) { ComputeBatch = computeBatch }.Step([0, 1]);
        Assert.Equal(before, model.ValuesOf(u));

        Expr Loss(Graph g, int i)
        {
            Expr x = g.Input([1.0, i]), y = Tanh((i == 0 ? w : u) * x);
            return i == 0 ? Sum(y) : Sum(w * x);
        }
    }
}
