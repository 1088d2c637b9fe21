using System.Collections.Concurrent;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Ranks;
using BlasNet.Training;

namespace BlasNet.Tests.Oracle;

/// <summary>A trainer, and beside it what the optimizer's definition remembers.</summary>
internal sealed class TrainingOracle
{
    // Of each element, one or more: what a step does not depend on is not updated, and of a gradient of 0 the parameter does not always tell which it was.
    private readonly OptimizerState[][][] _states;
    private readonly List<double[][]> _averaged = [];   // the parameters after each step that counts
    private bool _hasAverage = true;

    public TrainingOracle(ProgramRun run, Communicator? ranks = null)
    {
        _states = [.. run.Parameters.Select(parameter => Enumerable.Repeat<OptimizerState[]>([default], parameter.Shape.Size).ToArray())];
        Optimizer optimizer = run.Program.Optimizer.Create();
        Trainer = run.Program.Awaits
            ? new Trainer<RandomExample>(run.Model, (graph, example) => AwaitingLoss(run, graph, example), optimizer) { Communicator = ranks }
            : new Trainer<RandomExample>(run.Model, (graph, example) => Loss(run, graph, example), optimizer) { Communicator = ranks };
    }

    public Trainer<RandomExample> Trainer { get; }

    /// <summary>The examples whose loss has been asked for since this was cleared, in their order if there is one worker.</summary>
    public ConcurrentQueue<RandomExample> Built { get; } = [];

    private Expr Loss(ProgramRun run, Graph graph, RandomExample example)
    {
        Built.Enqueue(example);
        return LossOf(run, run.Build(graph, example), example);
    }

    private ExprTask<Expr> AwaitingLoss(ProgramRun run, Graph graph, RandomExample example)
    {
        Built.Enqueue(example);
        return run.BuildAwaiting(graph, example, values => LossOf(run, values, example));
    }

    private static Expr LossOf(ProgramRun run, ExampleValues values, RandomExample example)
    {
        Expr loss = values[example.Loss];
        return example.IsPoisoned ? loss + Op.Sqrt(Op.Scale(values.Graph.Use(run.Parameters[RandomProgram.Scalar]), 0)) : loss;
    }

    /// <summary>Puts the average of the parameters after the steps so far in their place; null where there is none.</summary>
    public IDisposable? UseAverage(ProgramRun run)
    {
        if (_averaged.Count == 0 || !_hasAverage)
            return null;

        IDisposable end = Trainer.UseAverage();
        double[][] average = Doubles.Like(run.Values());
        foreach (double[][] values in _averaged)
            Doubles.Add(average, values, 1.0 / _averaged.Count);

        for (int i = 0; i < average.Length; i++)
            run.Compare($"average of {run.Parameters[i]}", average[i], run.Values()[i]);

        return end;
    }

    /// <summary>The parameters are changed by something else than a step: of what comes before there is no average.</summary>
    public void Reset() => _hasAverage &= _averaged.Count == 0;

    /// <summary>Compares the parameters after a step, which are what the next one begins with.</summary>
    public void CompareStep(ProgramRun run, ExpectedStep step)
    {
        OptimizerDefinition optimizer = run.Program.Optimizer;
        run.Compare("learning rate", optimizer.RateAt(Trainer.StepCount), Trainer.LastStep.LearningRate);
        double norm = Math.Sqrt(Doubles.SquaredNorm(step.Gradient)), factor = norm > optimizer.ClipNorm ? optimizer.ClipNorm / norm : 1;
        if (double.IsFinite(optimizer.ClipNorm))
            run.Compare("norm of the gradient", norm, Trainer.LastStep.GradientNorm, step.Scale);

        double[][] after = run.Values();
        if (optimizer.AverageFrom <= Trainer.StepCount)
            _averaged.Add(after);
        for (int i = 0; i < after.Length; i++)
        {
            double[] expected = new double[after[i].Length];
            for (int k = 0; k < expected.Length; k++)
                expected[k] = Update(run, step.Before[i][k], factor * step.Gradient[i][k], after[i][k], ref _states[i][k], step.Scale);

            int parameter = i;
            run.Compare(() => Describe(run, step, parameter), expected, after[i], step.Scale);
        }
    }

    private string Describe(ProgramRun run, ExpectedStep step, int parameter) => string.Concat(
        $"{run.Parameters[parameter]} after step {Trainer.StepCount}, ",
        $"gradient [{string.Join(", ", step.Gradient[parameter])}], before [{string.Join(", ", step.Before[parameter])}]");

    // The parameter that one of the possible states gives and that is the actual one; if there is none, that of the first.
    private double Update(ProgramRun run, double before, double gradient, double actual, ref OptimizerState[] states, double scale)
    {
        OptimizerDefinition optimizer = run.Program.Optimizer;
        var outcomes = new List<(double Parameter, OptimizerState State)>();
        foreach (OptimizerState state in states)
        {
            var (parameter, next) = optimizer.Update(before, gradient, state, Trainer.StepCount);
            outcomes.Add((optimizer.IsUndecided(gradient, state, run.Tolerance * Math.Max(1, scale)) ? actual : parameter, next));
            if (gradient == 0)
                outcomes.Add((before, state));
        }

        (double Parameter, OptimizerState State)[] right = [.. outcomes.Where(outcome => run.AreClose(outcome.Parameter, actual, scale)).Distinct()];
        states = right.Length == 0 ? states : [.. right.Select(outcome => outcome.State).Distinct()];
        return right.Length == 0 ? outcomes[0].Parameter : right[0].Parameter;
    }
}
