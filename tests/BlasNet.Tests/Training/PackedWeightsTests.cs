using BlasNet.Graphs;
using BlasNet.Tests.Kernels;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>Whatever changes a parameter's values, the next product is computed with the new ones, also where its packed form had been kept.</summary>
[Collection(GemmSettings.Name)]
public sealed class PackedWeightsTests : IDisposable
{
    private const int Outputs = 65, Inputs = 48, Examples = 6;

    private readonly TemporaryFolder _folder = new();
    private readonly UsingMode _mode = new(GemmKernels.Packed);
    private readonly Model _model = new(seed: 3, Precision.Double);
    private readonly Parameter _w;
    private readonly Trainer<double[]> _trainer;
    private readonly Evaluator<double[]> _evaluator;
    private readonly double[][] _examples;

    public PackedWeightsTests()
    {
        _w = _model.Weight("W", Outputs, Inputs);
        var random = new Random(1);
        _examples = [.. Enumerable.Range(0, Examples).Select(_ => Enumerable.Range(0, Inputs).Select(_ => random.NextDouble() - 0.5).ToArray())];
        _trainer = new Trainer<double[]>(_model, (g, x) => Sum(Square(_w * g.Input(x))), new Sgd(0.3) { AverageFrom = 1 });
        _evaluator = new Evaluator<double[]>(_model, (g, x) => _w * g.Input(x));
    }

    public void Dispose()
    {
        _model.Dispose();
        _mode.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Values_that_are_set()
    {
        AssertCurrent();
        _model.SetValues(_w, [.. Enumerable.Range(0, Outputs * Inputs).Select(i => (double)(i % 17))]);
        AssertCurrent();
    }

    [Fact]
    public void Values_that_are_loaded()
    {
        _model.Save(_folder.File("before.safetensors"));
        _trainer.Step(_examples);
        AssertCurrent();
        _model.Load(_folder.File("before.safetensors"));
        AssertCurrent();
    }

    [Fact]
    public void A_step_of_the_optimizer()
    {
        AssertCurrent();
        _trainer.Step(_examples);
        AssertCurrent();
    }

    [Fact]
    public void The_average_while_it_is_used_and_the_parameters_after_it()
    {
        for (int step = 0; step < 4; step++)
            _trainer.Step(_examples);

        double[] own = AssertCurrent();
        using (_trainer.UseAverage())
            Assert.NotEqual(own, AssertCurrent());

        Assert.Equal(own, AssertCurrent());
    }

    [Fact]
    public void A_checkpoint_that_is_restored()
    {
        using var checkpoints = new CheckpointFolder(_folder.File("checkpoints"));
        _trainer.Step(_examples);
        checkpoints.Save(_trainer);
        double[] saved = AssertCurrent();
        _trainer.Step(_examples);
        Assert.NotEqual(saved, AssertCurrent());

        checkpoints.Restore(_trainer);

        Assert.Equal(saved, AssertCurrent());
    }

    /// <summary>Products with the kept form of the present values, against their definition.</summary>
    private double[] AssertCurrent()
    {
        double[] w = _model.ValuesOf(_w), all = [];

        // The form is kept from the second use of a version on, so the last product reads what the ones before it have packed.
        for (int run = 0; run < 3; run++)
        {
            all = new double[Examples * Outputs];
            _evaluator.RunDouble(_examples, (example, values) => values.CopyTo(all.AsSpan(example * Outputs)));
            for (int i = 0; i < all.Length; i++)
            {
                double expected = Enumerable.Range(0, Inputs).Sum(k => w[(k * Outputs) + (i % Outputs)] * _examples[i / Outputs][k]);
                Assert.Equal(expected, all[i], 1e-10 * Math.Max(1, Math.Abs(expected)));
            }
        }

        Assert.True(_model.Store<double>().PackedBytes > 0, "nothing was packed");
        return all;
    }
}
