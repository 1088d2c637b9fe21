using BlasNet.Stranger;
using BlasNet.Tests.Kernels;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>The doors of the library, used by an assembly that sees public members only.</summary>
[Collection(GemmSettings.Name)]
public sealed class OwnProgramTests : IDisposable
{
    private readonly OwnProgram _program = new();

    [Fact]
    public async Task It_trains_from_streams_with_its_own_optimizer_and_initializer()
    {
        (double w, double b) = await _program.FitAsync();
        Assert.Equal(3, w, 1e-6);
        Assert.Equal(-1, b, 1e-6);
    }

    /// <summary>Of (w·x + b − (3·x − 1))² with w = 1 and b = 0.</summary>
    [Fact]
    public void It_reads_gradients_and_values_as_numbers()
    {
        double[] points = [-1, 0.5, 2], errors = [.. points.Select(x => x - (3 * x - 1))];
        double[] expected = [errors.Average(e => e * e), points.Zip(errors, (x, e) => 2 * x * e).Average(), errors.Average(e => 2 * e)];
        (double[] trainer, double[] function) = _program.GradientAt(points);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(expected[i], trainer[i], 1e-12);
            Assert.Equal(expected[i], function[i], 1e-12);
        }

        Assert.Equal([0.25, 0.25, 0.25], _program.ValuesAt(0.25));
    }

    [Fact]
    public async Task It_sends_a_model_to_another_one_and_measures_that()
    {
        await _program.FitAsync();
        (var report, double error) = _program.Send(-2, 0, 3);
        Assert.Equal("2 taken; missing: extra [2]; unexpected: none", report.ToString());
        Assert.Equal("3x - 1", report.Metadata["line"]);
        Assert.Equal(0, error, 1e-5);
    }

    [Fact]
    public void It_defines_an_element_wise_operator_and_looks_at_plans_profiles_and_nodes()
    {
        using var own = new OwnInspection();
        Assert.InRange(own.Check(), 0, 1e-6);
        (ComputePlan plan, int bound) = own.PlanOf(1, 2, 3);
        Assert.StartsWith("matmul ×3  W=shared", plan.ToString(), StringComparison.Ordinal);
        Assert.Contains("log-cosh", plan.ToString(), StringComparison.Ordinal);
        Assert.InRange(plan.Launches, bound, 2 * bound);
        Assert.Equal("batch", plan.Passes[0].Name);
        Profile profile = own.ProfileOf(1, 2, 3);
        Assert.Equal(2, profile.Runs);
        Assert.Contains(profile.Kernels, kernel => kernel is { Operator: "matmul", Launches: 2 });
        Assert.Equal("Leaf:input×3 Leaf:W×1 Product:matmul×3 Function:log-cosh×3 Function:sum×3", own.NodesOf(1, 2, 3));
    }

    [Fact]
    public void It_finds_its_nodes_in_the_batched_graph()
    {
        using var own = new OwnInspection();
        Assert.Equal("log-cosh [2] ×3 from 4", own.StackOfLast(1, 2, 3));
    }

    [Fact]
    public async Task It_reads_and_writes_another_library_s_file_of_weights()
    {
        using var file = new MemoryStream();
        using (var writer = new SafetensorsWriter(file, [new SafetensorsEntry("linear.weight", "F32", 2, 3)]))
        {
            writer.Append([1f, 2, 3, 4, 5, 6]);
            writer.Commit();
        }

        using var again = new MemoryStream();
        file.Position = 0;
        using var weights = new OwnWeightFile(file);
        Assert.Equal([1, 4, 2, 5, 3, 6], weights.Values);
        await weights.SaveWhileItChangesAsync(again);
        Assert.Equal(file.ToArray(), again.ToArray());
        Assert.Equal(new double[6], weights.Values);
    }

    [Fact]
    public void It_computes_by_options_of_every_kind()
    {
        using var own = new OwnInspection();
        double[] expected = own.LossesBy(new ComputeOptions(), -1, 0.5, 2);
        ComputeOptions[] all =
        [
            new() { Threads = 2 }, new() { Kernels = GemmKernels.Packed }, new() { Batching = false }, new() { CachedPlans = 0 }, new() { Verify = true },
        ];
        Assert.Equal(expected[0], expected[1], 1e-12);
        foreach (ComputeOptions options in all)
            Assert.All(own.LossesBy(options, -1, 0.5, 2), loss => Assert.Equal(expected[0], loss, 1e-12));
    }

    public void Dispose() => _program.Dispose();
}
