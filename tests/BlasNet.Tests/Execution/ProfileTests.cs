using System.Diagnostics;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Execution;

/// <summary>A profile counts what was done while it was set, and plans tell the same beforehand.</summary>
public sealed class ProfileTests : IDisposable
{
    private readonly Model _model = new(1, Precision.Double);
    private readonly Parameter _w;

    public ProfileTests() => _w = _model.Weight("w", 2, 3);

    public void Dispose() => _model.Dispose();

    private Expr Loss(Graph g, int x) => Op.Sum(Op.Square(Op.Tanh(_w * g.Input([1.0, x, 2]))));

    private static int[] Examples => [1, 2, 3, 4, 5, 6];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Launches_and_passes_are_those_of_all_workers(int workers)
    {
        var profile = new Profile();
        var trainer = new Trainer<int>(_model, Loss, new Sgd(0)) { Workers = workers, ComputeBatch = 3 * workers, Profile = profile };
        long start = Stopwatch.GetTimestamp();
        trainer.Step(Examples);
        trainer.Step(Examples);
        TimeSpan passed = Stopwatch.GetElapsedTime(start);
        trainer.Profile = null;
        trainer.Step(Examples);

        ComputePlan plan = ComputePlan.OfGradient(Op.Total([.. Losses(3)]));
        Assert.Equal((2, 3), (profile.Runs, profile.LargestPass));
        Assert.Equal(4 * plan.Launches, profile.Launches);
        Assert.Equal(profile.Launches, profile.Kernels.Sum(kernel => kernel.Launches));
        Assert.Equal(4, profile.Kernels.Single(kernel => kernel.Operator == "matmul-tanh").Launches);
        Assert.Equal(plan.PeakBytes, profile.PeakBytes);
        Assert.InRange(profile.Elapsed, TimeSpan.FromTicks(1), passed);
        TimeSpan phases = profile.Build + profile.Batch + profile.Differentiate + profile.Plan + profile.Execute + profile.Update + profile.Communicate;
        Assert.InRange(phases, TimeSpan.FromTicks(1), profile.Elapsed);
    }

    [Fact]
    public void Without_kernels_there_are_phases_and_counts_alone()
    {
        var profile = new Profile(timesKernels: false);
        var trainer = new Trainer<int>(_model, Loss, new Sgd(0)) { Profile = profile };
        trainer.Step(Examples);
        trainer.GradientOf(Examples);

        Assert.Empty(profile.Kernels);
        Assert.Equal(2, profile.Runs);
        Assert.Equal(1, profile.PlansFound);
        Assert.DoesNotContain("kernels", profile.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_evaluator_is_profiled_too(int workers)
    {
        var profile = new Profile();
        var evaluator = new Evaluator<int>(_model, Loss) { ComputeBatch = 3, Workers = workers, Profile = profile };
        evaluator.RunDouble(Examples, (_, _) => { }, TestContext.Current.CancellationToken);

        Assert.Equal(6 / (3 * workers), profile.Runs);
        Assert.Equal(2, profile.Kernels.Single(kernel => kernel.Operator == "matmul").Launches);
        Assert.Equal(profile.Launches, profile.Kernels.Sum(kernel => kernel.Launches));
        Assert.Contains("matmul", profile.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_tells_launches_memory_and_passes_and_leaves_the_graph_alone()
    {
        Expr total = Op.Total([.. Losses(4)]);
        string before = total.Graph.ToText();
        ComputePlan batched = ComputePlan.OfGradient(total), apart = ComputePlan.OfGradient(total, new ComputeOptions { Batching = false });

        Assert.Equal(before, total.Graph.ToText());
        Assert.Equal(["batch", "differentiate", "simplify", "fuse", "totals"], batched.Passes.Select(pass => pass.Name));
        Assert.Equal(["differentiate", "simplify", "fuse", "totals"], apart.Passes.Select(pass => pass.Name));
        Assert.Equal(new ProductCount(Gemv: 0, Gemm: 2), batched.Products);
        Assert.Equal(new ProductCount(Gemv: 8, Gemm: 0), apart.Products);
        Assert.StartsWith("matmul-tanh ×4  w=shared", batched.ToString(), StringComparison.Ordinal);
        Assert.Equal(batched.Launches, batched.ToString().Split('\n').Length);
        Assert.InRange(batched.Launches, ComputePlan.LowerBoundOf(total), apart.Launches - 1);
        Assert.InRange(batched.PeakBytes, 4 * 2 * sizeof(double), 4096);
        Assert.Equal("matmul", batched.Passes[0].Graph.NodeAt(2).Operator);
    }

    [Fact]
    public void A_plan_of_values_has_no_gradient()
    {
        Expr[] losses = Losses(2);
        ComputePlan plan = ComputePlan.Of(losses[0].Graph, losses);

        Assert.Equal(new ProductCount(Gemv: 0, Gemm: 1), plan.Products);
        Assert.Throws<ShapeException>(() => ComputePlan.OfGradient(_w * losses[0].Graph.Input([1.0, 2, 3])));
    }

    [Fact]
    public void A_step_that_announces_the_next_one_is_the_same_step()
    {
        var announced = new Trainer<int>(_model, Loss, new Sgd(0));
        var plain = new Trainer<int>(_model, Loss, new Sgd(0), new ComputeOptions { Threads = 2 });
        int[] next = [7, 8];

        Assert.Equal(plain.Step(Examples), announced.Step(Examples, next));
        Assert.Equal(plain.Step(next), announced.Step(next, next: null));
        Assert.Throws<ArgumentException>(() => plain.Step([], next: null));
    }

    private Expr[] Losses(int count)
    {
        Graph graph = _model.NewGraph();
        return [.. Enumerable.Range(1, count).Select(x => Loss(graph, x))];
    }
}
