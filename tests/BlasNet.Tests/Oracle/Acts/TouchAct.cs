using System.Numerics.Tensors;
using BlasNet.Training;

namespace BlasNet.Tests.Oracle;

/// <summary>Which elements of the parameters a step updates: those that the loss depends on, however the examples are computed.</summary>
/// <remarks>An optimizer that counts, whatever the gradient is. What one pass for each example gives, nothing merged, is the definition.</remarks>
internal sealed record TouchAct(IReadOnlyList<RandomExample> Examples, int ComputeBatch, int Workers) : Act(Examples)
{
    protected override bool IsTraining => true;

    protected override long SeedOf(ProgramRun run) => TrainAct.SeedOf(run, run.Get(() => Trainers(run)).Item1.StepCount);

    protected override void Check(ProgramRun run, ExampleResult[] expected)
    {
        if (Examples.Any(example => example.Steps.Any(IsCoarse)))
            return;

        double[][] before = run.Values();
        (Trainer<RandomExample> merged, Trainer<RandomExample> apart) = run.Get(() => Trainers(run));
        (merged.ComputeBatch, merged.Workers) = (ComputeBatch, Workers);
        double[][] actual = CountsAfterStep(run, merged, before), wanted = CountsAfterStep(run, apart, before);
        for (int i = 0; i < wanted.Length; i++)
            run.Compare($"updates of {run.Parameters[i]}", wanted[i], actual[i]);
    }

    // Where more may be updated than one example by itself would. The gradients of a state's parts are computed together: what only another part leads to gets
    // zeros. And what a function hands on becomes a value of each of its calls.
    private static bool IsCoarse(Step step) => step.Function is { } function
        ? function.HandsOn || function.Steps.Any(IsCoarse)
        : step is { Operation.Name: "Recurrence", ResultCount: > 1 };

    public override IEnumerable<Act> Simpler() =>
        new TouchAct[] { this with { Workers = 1 }, this with { ComputeBatch = 0 } }.Where(simpler => simpler != this);

    public override string ToString() => $"Trainer.Step that counts updates, ComputeBatch = {ComputeBatch}, Workers = {Workers}";

    private static Tuple<Trainer<RandomExample>, Trainer<RandomExample>> Trainers(ProgramRun run) =>
        new(NewTrainer(run, new ComputeOptions()), NewTrainer(run, new ComputeOptions { Batching = false }));

    private static Trainer<RandomExample> NewTrainer(ProgramRun run, ComputeOptions options)
    {
        Trainer<RandomExample> trainer = run.Program.Awaits
            ? new(run.Model, (graph, example) => run.BuildAwaiting(graph, example, values => values[example.Loss]), new Counter(), options)
            : new(run.Model, (graph, example) => run.Build(graph, example)[example.Loss], new Counter(), options);
        trainer.ComputeBatch = 1;
        return trainer;
    }

    private double[][] CountsAfterStep(ProgramRun run, Trainer<RandomExample> trainer, double[][] before)
    {
        trainer.Step([.. Examples]);
        double[][] counts = run.Values();
        for (int i = 0; i < counts.Length; i++)
        {
            TensorPrimitives.Subtract(counts[i], before[i], counts[i]);
            run.Model.SetValues(run.Parameters[i], before[i]);
        }

        return counts;
    }

    private sealed class Counter() : Optimizer(1)
    {
        public override IReadOnlyList<string> StateNames => [];

        protected override IEnumerable<(string Name, object? Value)> Hyperparameters => [];

        protected override void Apply<T>(OptimizerSweep<T> sweep, double rate, long step) =>
            sweep.Run(range => TensorPrimitives.Add(range.Parameters, T.One, range.Parameters));
    }
}
