using System.Diagnostics;
using System.Diagnostics.Metrics;
using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>What a listener sees of a training. Measurements come on the thread that trains, by which they are told from those of other tests.</summary>
public sealed class TelemetryTests : IDisposable
{
    private readonly Model _model = new(1);
    private readonly Parameter _w;
    private readonly int _thread = Environment.CurrentManagedThreadId;

    public TelemetryTests() => _w = _model.Weight("W", 2, 2);

    [Fact]
    public void Steps_examples_evaluations_and_plans_are_counted()
    {
        Dictionary<string, List<double>> seen = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == Telemetry.Name)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Add(instrument.Name, value));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Add(instrument.Name, value));
        listener.Start();
        Train();

        Assert.Equal([1, 1, 1], seen["blasnet.steps"]);
        Assert.Equal([4, 4, 2], seen["blasnet.examples"]);
        Assert.Equal(3, seen["blasnet.step.duration"].Count);
        Assert.All(seen["blasnet.step.duration"], seconds => Assert.True(seconds > 0));
        Assert.Equal([2, 2, 1], seen["blasnet.evaluations"]);
        Assert.Equal(4, seen["blasnet.plan_cache.misses"].Sum());   // of four structures: steps of 4 and of 2, passes of 2 and of 1
        Assert.Equal(2, seen["blasnet.plan_cache.hits"].Sum());

        void Add(string name, double value)
        {
            if (Environment.CurrentManagedThreadId != _thread)
                return;

            if (!seen.TryGetValue(name, out List<double>? values))
                seen.Add(name, values = []);

            values.Add(value);
        }
    }

    [Fact]
    public void A_step_and_an_evaluation_are_activities()
    {
        List<Activity> seen = [];
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (Environment.CurrentManagedThreadId == _thread)
                    seen.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        double[] losses = Train();

        Assert.Equal(["blasnet.step", "blasnet.step", "blasnet.step", "blasnet.evaluation"], seen.Select(activity => activity.OperationName));
        Assert.Equal([1L, 2L, 3L], seen[..3].Select(activity => activity.GetTagItem("step")).Cast<long>());
        Assert.Equal([4, 4, 2], seen[..3].Select(activity => activity.GetTagItem("examples")).Cast<int>());
        Assert.Equal(losses, seen[..3].Select(activity => activity.GetTagItem("loss")).Cast<double>());
    }

    public void Dispose() => _model.Dispose();

    // Three steps, and an evaluation of five examples in three passes.
    private double[] Train()
    {
        Expr Product(Graph g, int i) => _w * g.Input([i, 1f]);
        var trainer = new Trainer<int>(_model, (g, i) => Sum(Square(Product(g, i))), new Sgd(0.01)) { PrepareAhead = false };
        double[] losses = [trainer.Step([1, 2, 3, 4]), trainer.Step([5, 6, 7, 8]), trainer.Step([9, 10])];
        new Evaluator<int>(_model, Product) { ComputeBatch = 2 }.Run([1, 2, 3, 4, 5], (_, _) => { }, TestContext.Current.CancellationToken);
        return losses;
    }
}
