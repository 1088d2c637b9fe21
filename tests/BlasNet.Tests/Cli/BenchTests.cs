using System.Text.Json;
using BlasNet.Cli.Benchmarks;
using BlasNet.Cli.CommandLine;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Native;
using BlasNet.Training;

namespace BlasNet.Tests.Cli;

[Collection(CommandLineTests.Name)]
public sealed class BenchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TimeSpan _warmUp = WarmUp.Least;

    // Speeds are not looked at here.
    public BenchTests() => WarmUp.Least = TimeSpan.Zero;

    public static TheoryData<string> Models => ["mlp", "tagger", "tagger-char", "tree", "lm"];

    [Theory, MemberData(nameof(Models))]
    public void A_workload_prints_the_agreed_names(string model)
    {
        JsonElement line = Bench(model, "--batch", "16", "--limit", "40");

        Assert.All(
            [
                "examples_per_second", "examples_per_second_min", "examples_per_second_max", "model_flop_utilisation", "peak_gflops", "flops_per_example",
                "managed_bytes_per_step", "peak_bytes", "first_pass_loss", "step_seconds_median", "copied_bytes", "gemm_calls", "gemv_calls",
            ],
            name => Assert.True(double.IsFinite(line.GetProperty(name).GetDouble())));
        Assert.InRange(
            line.GetProperty("examples_per_second").GetDouble(),
            line.GetProperty("examples_per_second_min").GetDouble(), line.GetProperty("examples_per_second_max").GetDouble());
        Assert.Equal(model != "mlp", line.TryGetProperty("words_per_second", out _) && line.TryGetProperty("words_per_second_min", out _));
        Assert.Equal((model, 1, 16, "on", "on"), (
            line.GetProperty("model").GetString(), line.GetProperty("threads").GetInt32(), line.GetProperty("batch").GetInt32(),
            line.GetProperty("batching").GetString(), line.GetProperty("plan_cache").GetString()));
        Assert.Equal((5, 15, 40), (line.GetProperty("passes").GetInt32(), line.GetProperty("steps").GetInt32(), line.GetProperty("examples").GetInt32()));
        Assert.InRange(line.GetProperty("launch_lower_bound").GetDouble(), 1, line.GetProperty("launches_per_step").GetDouble());
        Assert.InRange(line.GetProperty("model_flop_utilisation").GetDouble(), 1e-6, 1.5);
        Assert.Equal(1, line.GetProperty("share").EnumerateObject().Sum(part => part.Value.GetDouble()), tolerance: 1e-9);
        Assert.Equal(
            ["build", "batch", "differentiate", "plan", "kernels", "copies", "update", "communicate"],
            line.GetProperty("share").EnumerateObject().Select(part => part.Name));
        Assert.Equal(1, line.GetProperty("kernels").EnumerateArray().Sum(kernel => kernel.GetProperty("share").GetDouble()), tolerance: 1e-9);
        Assert.Contains(line.GetProperty("kernels").EnumerateArray().Select(kernel => kernel.GetProperty("operator").GetString()!),
            name => name.StartsWith("matmul", StringComparison.Ordinal) || name.StartsWith("affine", StringComparison.Ordinal));
    }

    [Fact]
    public void Passes_after_a_restart_take_the_same_examples_however_many_were_before()
    {
        int[] Launches(int before)
        {
            using Workload workload = NewWorkload("tree", new WorkloadOptions { Batch = 4, Limit = 16 });
            for (int step = 0; step < before * workload.Steps; step++)
                workload.Step();

            workload.Restart();
            return [.. Enumerable.Range(0, 2 * workload.Steps).Select(_ => LaunchesOfStep(workload))];
        }

        int[] launches = Launches(before: 1);
        Assert.Equal(launches, Launches(before: 3));
        Assert.NotEqual(launches[..4], launches[4..]);   // each pass has an order of its own
    }

    [Theory, MemberData(nameof(Models))]
    public void The_loss_of_a_pass_does_not_depend_on_batching_or_the_plan_cache(string model)
    {
        var options = new WorkloadOptions { Batch = 4, Limit = 10 };
        double expected = LossOfPass(options);

        Assert.Equal(1, LossOfPass(options with { Compute = new ComputeOptions { Batching = false } }) / expected, tolerance: 1e-5);
        Assert.Equal(1, LossOfPass(options with { PlanCache = PlanCache.Off }) / expected, tolerance: 1e-5);
        Assert.Equal(1, LossOfPass(options with { PlanCache = PlanCache.All }) / expected, tolerance: 1e-5);

        double LossOfPass(WorkloadOptions how)
        {
            using Workload workload = NewWorkload(model, how);
            return Enumerable.Range(0, workload.Steps).Sum(_ => workload.Step());
        }
    }

    [Theory]
    [InlineData("tree", (int)PlanCache.On, 0)]
    [InlineData("tree", (int)PlanCache.Off, 0)]
    [InlineData("tree", (int)PlanCache.All, 20)]
    [InlineData("mlp", (int)PlanCache.On, 28)]   // of a full batch, and of the two that remain
    public void The_plan_cache_finds_what_it_is_told_to_find(string model, int cache, long expected)
    {
        using Workload workload = NewWorkload(model, new WorkloadOptions { Batch = 4, Limit = 38, PlanCache = (PlanCache)cache });
        var profile = new Profile(timesKernels: false);
        workload.Profile = profile;
        for (int step = 0; step < 3 * workload.Steps; step++)
            workload.Step();

        Assert.Equal(expected, profile.PlansFound);
    }

    [Theory]
    [InlineData("tagger", "a|A b|B\nb|B\n", 2, 3)]
    [InlineData("tagger-char", "1\ta\t_\tX\t_\t_\t_\t_\t_\t_\n", 1, 1)]
    [InlineData("tree", "(1 (0 a) (1 (0 b) (0 c)))\n", 1, 3)]
    [InlineData("lm", "a b c\n\nd\ne f\n", 3, 9)]   // ends of sentences are predicted too
    public void Data_of_the_users_own_is_measured(string model, string text, int examples, int words)
    {
        JsonElement line = Bench(model, "--data", _folder.Write("data", text));

        Assert.Equal((examples, words), (line.GetProperty("examples").GetInt32(), line.GetProperty("words").GetInt32()));
    }

    [Fact]
    public void The_screen_tells_the_same()
    {
        CommandResult result = CommandResult.Of("bench", "tree", "--limit", "64", "--batch", "32");

        Assert.Equal(
            ["examples/s", "words/s", "model FLOP utilisation", "products", "a step", "plans", "calls in a step", "launches in a step", "memory",
            "loss of the first pass", "time before kernels", "time of kernels", "kernels", "OpenBLAS"],
            result.Lines.Select(line => line[..24].TrimEnd()));
        Assert.Equal("plans                   0 of 10 steps found theirs", result.Lines[5]);
    }

    [Theory, MemberData(nameof(Models))]
    public void Flops_are_those_of_the_examples_graphs_computed_one_by_one(string model)
    {
        var options = new WorkloadOptions { Batch = 1, Limit = 8 };
        using Workload workload = NewWorkload(model, options);

        // The first step of an LSTM has nothing to forget, which is not counted; but all its gates are one product.
        long computed = Enumerable.Range(0, 8).Sum(_ => FlopsOfNextExample(workload));
        Assert.InRange(workload.Flops, computed * 0.99, computed);
    }

    [Fact]
    public void A_step_allocates_nothing_once_all_arrays_have_grown()
    {
        using Workload workload = MlpWorkload.Create(new WorkloadOptions { Batch = 100, Limit = 800 });
        for (int step = 0; step < 10; step++)
            workload.Step();

        Allocations.AssertNone(() => workload.Step());
    }

    // In an order of its own in every pass, no minibatch comes again; but what it took to compile one serves the next.
    [Fact]
    public void Steps_of_new_structures_allocate_next_to_nothing_once_all_arrays_have_grown()
    {
        using Workload workload = TextWorkloads.NewTagger(new WorkloadOptions { Batch = 64, Limit = 640 });
        for (int step = 0; step < 3 * workload.Steps; step++)
            workload.Step();

        var profile = new Profile(timesKernels: false);
        workload.Profile = profile;
        long[] bytes = new long[workload.Steps];
        for (int step = 0; step < bytes.Length; step++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            workload.Step();
            bytes[step] = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Array.Sort(bytes);
        Assert.InRange(bytes[bytes.Length / 2], 0, 200);
        Assert.Equal(0, profile.PlansFound);
    }

    [Fact]
    public void Batching_reaches_nearly_the_fewest_launches()
    {
        using Workload workload = MlpWorkload.Create(new WorkloadOptions { Batch = 8, Limit = 8 });
        int launches = LaunchesOfStep(workload);
        int bound = ComputePlan.LowerBoundOf(workload.NewMinibatch());

        Assert.InRange(launches, bound, 2 * bound);
    }

    // Vectors of words from two stacks, looked up and spelled; and sentences that go on alone.
    [Fact]
    public void A_tagger_that_spells_needs_at_most_a_tenth_more_launches_than_the_fewest()
    {
        using Workload workload = TextWorkloads.NewCharacterTagger(new WorkloadOptions { Batch = 16, Limit = 16 });
        int launches = LaunchesOfStep(workload);
        int bound = ComputePlan.LowerBoundOf(workload.NewMinibatch());

        Assert.InRange(launches, bound, bound + (bound / 10));
    }

    [Fact]
    public void The_grid_has_a_line_for_each_point_and_a_peak()
    {
        JsonElement[] lines = CommandResult.Of("bench", "gemm", "--sizes", "32,64", "--batches", "1,3", "--json").Json();

        Assert.Equal([(32, 1), (32, 3), (64, 1), (64, 3)], lines[..^1].Select(line => (line.GetProperty("h").GetInt32(), line.GetProperty("batch").GetInt32())));
        Assert.All(lines[..^1], line => Assert.True(line.GetProperty("packed").GetDouble() > 0 && line.GetProperty("chosen").GetDouble() > 0));
        Assert.All(lines[..^1], line => Assert.Equal(OpenBlasLoader.IsAvailable, line.TryGetProperty("gemv", out _) && line.TryGetProperty("openblas", out _)));
        Assert.True(lines[^1].GetProperty("peak_gflops").GetDouble() > 0);
    }

    [Fact]
    public void An_interruption_ends_with_130()
    {
        CommandResult result = CommandResult.Of(new CancellationToken(canceled: true), "bench", "mlp", "--batch", "1", "--json");

        Assert.Equal((ExitCodes.Interrupted, "", "Interrupted.\n"), (result.ExitCode, result.Output, result.Error));
    }

    public void Dispose()
    {
        WarmUp.Least = _warmUp;
        _folder.Dispose();
    }

    internal static JsonElement Bench(string model, params string[] more)
    {
        string[] small = model == "lm" ? ["--vocabulary", "50"] : [];
        return Assert.Single(CommandResult.Of(["bench", model, "--json", .. small, .. more]).Json());
    }

    private static int LaunchesOfStep(Workload workload)
    {
        var profile = new Profile(timesKernels: false);
        workload.Profile = profile;
        workload.Step();
        return (int)profile.Launches;
    }

    private static Workload NewWorkload(string model, WorkloadOptions options) => model switch
    {
        "mlp" => MlpWorkload.Create(options),
        "tagger" => TextWorkloads.NewTagger(options),
        "tagger-char" => TextWorkloads.NewCharacterTagger(options),
        "tree" => TextWorkloads.NewTree(options),
        _ => TextWorkloads.NewLanguageModel(options, vocabulary: 30),
    };

    // Nothing is merged, and nothing that occurs twice is computed once.
    private static long FlopsOfNextExample(Workload workload)
    {
        workload.Step();
        Expr loss = workload.NewMinibatch();
        using var engine = new Engine<float>(workload.Model.Store<float>(), new ComputeOptions { Batching = false, Simplify = false, Fuse = false });
        engine.Prepare(loss.Graph, [loss], loss, [.. workload.Model.Parameters]);
        Graph graph = engine.Plan.Graph;
        long flops = 0;
        foreach (int node in engine.Plan.Order)
            flops += graph.FlopsOf(node);

        return flops;
    }
}
