using System.Diagnostics;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Execution;

/// <summary>Times that are told are parts of the time that has passed.</summary>
public sealed class PhaseTimesTests
{
    [Fact]
    public void The_phases_of_a_training_are_parts_of_the_time_that_it_took()
    {
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("w", 1, 3);
        var trainer = new Trainer<double>(model, (g, x) => Op.Square(w * g.Input([1, x, 2])), new Sgd(0.01))
        {
            ComputeBatch = 2,
            PrepareAhead = false,
            Regularizer = Regularizer.L2(0.1, w),
        };
        long start = Stopwatch.GetTimestamp();
        trainer.Step([1, 2, 3, 4]);
        trainer.Step([1, 2, 3, 4, 5]);
        AssertWithin(trainer.Accumulator.First.Times, Stopwatch.GetTimestamp() - start);
    }

    [Fact]
    public void The_operators_of_a_profile_are_parts_of_the_time_of_the_run()
    {
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("w", 1, 3);
        using var engine = new Engine<double>(model.Store<double>());
        var profile = new Profile();
        engine.Executor.Times = profile;
        Graph graph = model.NewGraph();
        long start = Stopwatch.GetTimestamp();
        engine.Prepare(graph, [Op.Tanh(w * graph.Input([1.0, 2.0, 3.0])) * Op.Softmax(graph.Input([1.0, 2.0]))]);
        engine.Execute();
        engine.Execute();
        long passed = Stopwatch.GetTimestamp() - start;

        AssertWithin(engine.Times, passed);
        IReadOnlyList<KernelTime> entries = profile.Kernels;
        Assert.Equal(2 * engine.Plan.StepCount, entries.Sum(entry => entry.Launches));
        Assert.Contains(entries, entry => entry is { Operator: "softmax", Launches: 2 });
        Assert.InRange(entries.Sum(entry => entry.Time.Ticks), 0, Stopwatch.GetElapsedTime(0, passed).Ticks);
        Assert.Equal(entries.OrderByDescending(entry => entry.Time), entries);
    }

    private static void AssertWithin(PhaseTimes times, long passed)
    {
        long[] phases = [times.Build, times.Batch, times.Differentiate, times.Simplify, times.Plan, times.Execute, times.Update];
        Assert.All(phases, phase => Assert.InRange(phase, 0, passed));
        Assert.InRange(times.Total, 1, passed);
        Assert.Equal(phases.Sum(), times.Total);
    }
}
