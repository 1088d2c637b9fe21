using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>W = [[0.5, 1.5], [−0.25, 2]], b, b1 and b2, four examples, and what a step, an evaluation and the norms of gradients give.</summary>
internal sealed class SmallModel : IDisposable
{
    private static readonly double[] W0 = [.5, -.25, 1.5, 2], B0 = [.3, -.6], B1 = [.1, .2], B2 = [-.4, .7];

    public SmallModel()
    {
        (W, B, First, Second) = (Model.Weight("W", 2, 2), Model.Bias("b", 2), Model.Bias("b1", 2), Model.Bias("b2", 2));
        Reset();
    }

    public static double[][] Points { get; } = [[.1, .2], [.3, -.2], [-.5, .4], [.7, .1]];

    /// <summary>Examples in a microbatch, and workers.</summary>
    public static TheoryData<int, int> Splits { get; } = new() { { 4, 1 }, { 3, 1 }, { 1, 1 }, { 4, 2 }, { 1, 3 } };

    public Model Model { get; } = new(seed: 1, Precision.Double);

    public Parameter W { get; }

    public Parameter B { get; }

    public Parameter First { get; }

    public Parameter Second { get; }

    public static double[] BiasValues => B0;

    /// <summary>W·x.</summary>
    public static double[] Product(double[] x) => [(W0[0] * x[0]) + (W0[2] * x[1]), (W0[1] * x[0]) + (W0[3] * x[1])];

    /// <summary>dy·xᵀ, column by column.</summary>
    public static double[] Outer(double[] dy, double[] x) => [dy[0] * x[0], dy[1] * x[0], dy[0] * x[1], dy[1] * x[1]];

    /// <summary>The sum over the examples.</summary>
    public static double[] Sum(Func<double[], double[]> term) => Points.Select(term).Aggregate((a, b) => [.. a.Zip(b, (x, y) => x + y)]);

    public static double Norm(double[] values) => Math.Sqrt(values.Sum(value => value * value));

    public List<double[]> Evaluate(Func<Graph, double[], Expr> function, int computeBatch = 256, int workers = 1)
    {
        Reset();
        List<double[]> values = [];
        var evaluator = new Evaluator<double[]>(Model, function) { ComputeBatch = computeBatch, Workers = workers };
        evaluator.RunDouble(Points, (_, value) => values.Add(value.ToArray()), TestContext.Current.CancellationToken);
        return values;
    }

    /// <summary>The norm of each example's gradient with respect to all parameters.</summary>
    public double[] Norms(Func<Graph, double[], Expr> loss, int computeBatch = 256)
    {
        Reset();
        return new GradientNorms<double[]>(Model, loss) { ComputeBatch = computeBatch }.Of(Points, TestContext.Current.CancellationToken);
    }

    /// <summary>One step of length 1 from the start: minus what is taken off the parameters, the sum of the examples' gradients.</summary>
    public void AssertGradient(Func<Graph, double[], Expr> loss, Parameter parameter, double[] expected, int computeBatch = 0, int workers = 1, double clip = double.PositiveInfinity)
    {
        Reset();
        double[] before = Model.ValuesOf(parameter);
        new Trainer<double[]>(Model, loss, new Sgd(Points.Length)) { ComputeBatch = computeBatch, Workers = workers, ClipExampleNorm = clip }.Step(Points);
        double[] after = Model.ValuesOf(parameter);
        Assert.Equal(expected.Length, before.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], before[i] - after[i], 1e-12);
    }

    public void Dispose() => Model.Dispose();

    private void Reset()
    {
        Model.SetValues(W, W0);
        Model.SetValues(B, B0);
        Model.SetValues(First, B1);
        Model.SetValues(Second, B2);
    }
}
