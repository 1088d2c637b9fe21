using BlasNet.Fusion;
using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Fusion;

/// <summary>Which biases start the sums of their product.</summary>
public sealed class FuseBiasTests : IDisposable
{
    private readonly Model _model = new(seed: 1);
    private readonly Graph _graph;
    private readonly Expr _w, _b, _x;

    public FuseBiasTests()
    {
        _graph = _model.NewGraph();
        (_x, _w, _b) = (_graph.Input([1f, 2f]), _graph.Use(_model.Weight("W", 3, 2)), _graph.Use(_model.Bias("b", 3)));
    }

    public void Dispose() => _model.Dispose();

    [Theory, InlineData(false), InlineData(true)]
    public void A_bias_on_either_side_starts_its_product(bool isLeft)
    {
        Expr product = MatMul(_w, _x);
        Assert.Equal(
            """
            %0 = input : [2]
            W = parameter : [3 × 2]
            b = parameter : [3]
            %3 = affine W %0 b : [3]
            %4 = sum %3 : [1]
            """, Fused(Sum(isLeft ? _b + product : product + _b)));
    }

    [Fact]
    public void A_sum_that_is_wanted_keeps_its_name()
    {
        Expr sum = MatMul(_w, _x) + _b;
        _graph.SetName(sum.Index, "y");
        Assert.EndsWith("y = affine W %0 b : [3]", Fused(sum, Tanh(sum)).Split('\n')[3], StringComparison.Ordinal);
    }

    [Fact]
    public void A_sweep_adds_the_bias_itself() => AssertUnchanged(Tanh(MatMul(_w, _x) + _b) * _graph.Input([1f, 2f, 3f]));

    [Fact]
    public void A_product_with_other_readers_stays()
    {
        Expr product = MatMul(_w, _x);
        AssertUnchanged(Sum(product + _b), Sum(product));
    }

    [Fact]
    public void A_product_that_is_wanted_stays()
    {
        Expr product = MatMul(_w, _x);
        AssertUnchanged(Sum(product + _b), product);
    }

    [Fact]
    public void A_vector_of_the_example_is_no_bias() => AssertUnchanged(Sum(MatMul(_w, _x) + _graph.Input([1f, 2f, 3f])));

    [Fact]
    public void A_product_that_is_one_number_is_no_start_for_a_vector() =>
        AssertUnchanged(Sum(MatMul(_graph.Use(_model.Weight("one", 1, 2)), _x) + _b));

    private string Fused(params Expr[] outputs)
    {
        Fuse fuse = Run(outputs);
        Assert.NotSame(_graph, fuse.Target);
        return fuse.Target.ToText().Trim();
    }

    private void AssertUnchanged(params Expr[] outputs)
    {
        Fuse fuse = Run(outputs);
        Assert.Same(_graph, fuse.Target);
        Assert.All(outputs, output => Assert.Equal(output.Index, fuse.Locate(output.Index).Node));
    }

    private Fuse Run(Expr[] outputs)
    {
        var fuse = new Fuse(new Graph(_graph.Precision));
        fuse.Run(_graph, [.. outputs.Select(output => output.Index), -1]);
        return fuse;
    }
}
