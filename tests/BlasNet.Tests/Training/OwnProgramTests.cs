using BlasNet.Stranger;
using BlasNet.Tests.Kernels;

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

    public void Dispose() => _program.Dispose();
}
