using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Passes;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>Graphs in which nothing, or nothing that depends on a parameter, is computed.</summary>
public sealed class LeafOutputTests : IDisposable
{
    private readonly SmallModel _small = new();

    public static TheoryData<int, int> Splits => SmallModel.Splits;

    public void Dispose() => _small.Dispose();

    [Theory, MemberData(nameof(Splits))]
    public void Leaves_may_be_evaluated(int computeBatch, int workers)
    {
        double[][] Values(Func<Graph, double[], Expr> function) => [.. _small.Evaluate(function, computeBatch, workers)];

        Assert.Equal(SmallModel.Points, Values((g, x) => g.Input(x)));
        Assert.Equal(SmallModel.Points, Values((g, x) => Op.Dropout(g.Input(x), .5)));
        Assert.Equal(SmallModel.Points, Values((g, x) => Op.Concatenate(g.Input(x))));
        Assert.All(Values((g, _) => g.Use(_small.B)), value => Assert.Equal(SmallModel.BiasValues, value));
        Assert.All(Values((g, _) => g.Constant(2.5)), value => Assert.Equal([2.5], value));
        Assert.All(Values((g, _) => g.Constant([1.0, 2.0], new Shape(2))), value => Assert.Equal([1, 2], value));
        Assert.All(Values((g, _) => g.Index(3)), value => Assert.Equal([3], value));
    }

    [Theory, MemberData(nameof(Splits))]
    public void An_empty_example_may_be_a_leaf_beside_others(int computeBatch, int workers)
    {
        int order = 0;
        foreach (int empty in new[] { 0, 2, 3, 5 })
        {
            double[][] values = [.. _small.Evaluate(
                (g, x) => Array.IndexOf(SmallModel.Points, x) == empty ? g.Input(new double[2]) : Op.Total(g.Use(_small.B), g.Input(x), _small.W * g.Input(x)), computeBatch, workers)];
            for (int i = 0; i < values.Length; i++)
            {
                double[] x = SmallModel.Points[i], product = SmallModel.Product(x), b = SmallModel.BiasValues;
                Assert.Equal(i == empty ? 0 : b[0] + x[0] + product[0], values[i][0], 1e-12);
                Assert.Equal(i == empty ? 0 : b[1] + x[1] + product[1], values[i][1], 1e-12);
            }

            order++;
        }

        Assert.Equal(4, order);
    }

    [Theory, MemberData(nameof(Splits))]
    public void A_loss_without_parameters_has_no_gradient(int computeBatch, int workers)
    {
        Expr Loss(Graph g, double[] x) => Op.Square(g.Input(1 + x[0]));

        Assert.All(_small.Norms(Loss, computeBatch), norm => Assert.Equal(0, norm));
        _small.AssertGradient(Loss, _small.W, new double[4], computeBatch, workers);
        _small.AssertGradient(Loss, _small.W, new double[4], computeBatch, workers, clip: 1);
        _small.AssertGradient((g, x) => g.Input(x[0]), _small.W, new double[4], computeBatch, workers);
        _small.AssertGradient((g, _) => g.Constant(2), _small.W, new double[4], computeBatch, workers, clip: 1);
    }

    [Theory, MemberData(nameof(Splits))]
    public void A_parameter_may_be_the_loss(int computeBatch, int workers)
    {
        using var model = new Model(1, Precision.Double);
        Parameter s = model.Bias("s", 1);
        foreach (double clip in new[] { double.PositiveInfinity, 0.5 })
        {
            double before = model.ValuesOf(s)[0];
            new Trainer<int>(model, (g, _) => g.Use(s), new Sgd(1)) { ComputeBatch = computeBatch, Workers = workers, ClipExampleNorm = clip }.Step([1, 2, 3, 4]);
            Assert.Equal(Math.Min(1, clip), before - model.ValuesOf(s)[0], 1e-15);
        }

        Assert.All(new GradientNorms<int>(model, (g, _) => g.Use(s)) { ComputeBatch = computeBatch }.Of([1, 2, 3], TestContext.Current.CancellationToken), norm => Assert.Equal(1, norm));
    }

    [Fact]
    public void A_graph_of_leaves_alone_is_batched()
    {
        Graph graph = _small.Model.NewGraph();
        graph.Input([1.0, 2.0]);
        graph.Input([3.0, 4.0]);
        graph.Use(_small.W);
        graph.Constant(2);

        Assert.Equal("%0 = input : [2] ×2\nW = parameter : [2 × 2]\n%2 = constant(2) : [1]", graph.Batch().Graph.ToText().Trim());
        Assert.Equal("", _small.Model.NewGraph().Batch().Graph.ToText().Trim());
    }
}
