using BlasNet.Training;

namespace BlasNet.Tests.Oracle;

/// <summary>An epoch: every example once, in an order that the trainer chooses, the parameters looked at after each step.</summary>
internal sealed record EpochAct(IReadOnlyList<RandomExample> Examples, int OptimizationBatch, int ComputeBatch, bool PreparesAhead) : Act(Examples)
{
    protected override bool IsTraining => true;

    public override string ToString() => string.Concat(
        $"Trainer.Epoch, OptimizationBatch = {OptimizationBatch}, ComputeBatch = {ComputeBatch}", PreparesAhead ? "" : ", PrepareAhead = false");

    protected override void Check(ProgramRun run, ExampleResult[] expected)
    {
        TrainingOracle training = TrainAct.Training(run);
        TrainAct.Configure(training.Trainer, ComputeBatch);
        (training.Trainer.OptimizationBatch, training.Trainer.PrepareAhead) = (OptimizationBatch, PreparesAhead);
        training.Built.Clear();
        var progress = new Progress(this, run, training);
        try
        {
            training.Trainer.Epoch([.. Examples], progress);
        }
        catch (ArithmeticException) when (!progress.IsNextTame())
        {
            run.IsLost = true;
            return;
        }

        run.Compare("examples of the epoch", Examples.Count, progress.Done);
        if (!training.Built.ToHashSet().SetEquals(Examples))
            throw new DifferenceException("the epoch has not seen every example.");
    }

    /// <summary>Compares each step as it is reported.</summary>
    private sealed class Progress(EpochAct act, ProgramRun run, TrainingOracle training) : IProgress<TrainingProgress>
    {
        private double[][] _before = run.Values();

        public int Done { get; private set; }

        public bool IsNextTame() => AreTame(run, Evaluate(Next(), training.Trainer.StepCount));

        public void Report(TrainingProgress value)
        {
            RandomExample[] examples = Next();
            ExampleResult[] results = Evaluate(examples, training.Trainer.StepCount - 1);
            Done += examples.Length;
            run.IsLost |= !AreTame(run, results);
            if (!run.IsLost)
                training.CompareStep(run, new ExpectedStep(new TrainAct(examples, act.ComputeBatch, Workers: 1), results, penalty: null, _before));

            _before = run.Values();
        }

        private RandomExample[] Next() => [.. training.Built.Skip(Done).Take(Math.Min(act.OptimizationBatch, act.Examples.Count - Done))];

        private ExampleResult[] Evaluate(RandomExample[] examples, long stepsBefore) =>
            [.. examples.Select((example, i) => example.Evaluate(run.Program.Parameters, _before, TrainAct.SeedOf(run, stepsBefore), i, isTraining: true))];
    }
}
