using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>While the average of the parameters is in their place.</summary>
public sealed class AverageInUseTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Model _model = new(1, Precision.Double);
    private readonly Parameter _w;
    private readonly Trainer<double> _trainer;
    private readonly string _file;
    private readonly CheckpointFolder _checkpoints;

    public AverageInUseTests()
    {
        _w = _model.Weight("w", 1, 1);
        _model.SetValues(_w, [1]);
        _file = _folder.File("model.safetensors");
        _checkpoints = new CheckpointFolder(_folder.File("checkpoints"));

        // d/dw ½(w·x)² = w·x²: with x = 1 and η = ½ a step halves w.
        _trainer = new Trainer<double>(_model, (g, x) => 0.5 * Square(_w * g.Input(x)), new Sgd(0.5) { AverageFrom = 1 });
        _trainer.Step([1]);
        _trainer.Step([1]);
        _model.Save(_file);
        _checkpoints.Save(_trainer);
    }

    public void Dispose()
    {
        _checkpoints.Dispose();
        _model.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("step"), InlineData("epoch"), InlineData("another trainer's step"), InlineData("set"), InlineData("load"), InlineData("average")]
    [InlineData("checkpoint"), InlineData("restore"), InlineData("restore best")]
    public void What_needs_the_parameters_themselves_is_refused_and_nothing_is_lost(string what)
    {
        Action action = what switch
        {
            "step" => () => _trainer.Step([1]),
            "epoch" => () => _trainer.Epoch([1, 1]),
            "another trainer's step" => () => new Trainer<double>(_model, (g, x) => Square(_w * g.Input(x)), new Sgd(0.5)).Step([1]),
            "set" => () => _model.SetValues(_w, [3]),
            "load" => () => _model.Load(_file),
            "average" => () => _trainer.UseAverage(),
            "checkpoint" => () => _checkpoints.Save(_trainer),
            "restore" => () => _checkpoints.Restore(_trainer),
            _ => () => _checkpoints.RestoreBest(_trainer),
        };
        using (_trainer.UseAverage())
        {
            Assert.Contains("average is in their place", Assert.Throws<InvalidOperationException>(action).Message, StringComparison.Ordinal);
            Assert.Equal([0.375], _model.ValuesOf(_w));
        }

        Assert.Equal([0.25], _model.ValuesOf(_w));
        _trainer.Step([1]);
        Assert.Equal([0.125], _model.ValuesOf(_w));
        using (_trainer.UseAverage())
            Assert.Equal(0.875 / 3, _model.ValuesOf(_w)[0], 1e-15);
    }

    [Fact]
    public void The_average_can_be_evaluated_and_saved()
    {
        var values = new List<double>();
        using (_trainer.UseAverage())
        {
            new Evaluator<double>(_model, (g, x) => _w * g.Input(x)).RunDouble([2], (_, value) => values.Add(value[0]), TestContext.Current.CancellationToken);
            _model.Save(_file);
        }

        _model.Load(_file);
        Assert.Equal([0.75, 0.375], [.. values, .. _model.ValuesOf(_w)]);
    }

    [Fact]
    public void A_model_may_be_disposed_of_before_the_use_of_its_average_ends()
    {
        IDisposable use = _trainer.UseAverage();
        _model.Dispose();
        use.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _trainer.Step([1]));
    }
}
