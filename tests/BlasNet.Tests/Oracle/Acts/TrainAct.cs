using BlasNet.Ranks;
using BlasNet.Training;

namespace BlasNet.Tests.Oracle;

/// <summary>How the noise of the gradient is measured.</summary>
internal enum Noise
{
    None,
    FromExamples,
    FromPasses,
}

/// <summary>One optimizer step. What is looked at are the parameters after it.</summary>
internal sealed record TrainAct(IReadOnlyList<RandomExample> Examples, int ComputeBatch, int Workers) : Act(Examples)
{
    /// <summary>Whether the memory of passes is limited, so that they hold only some examples.</summary>
    public bool HasBudget { get; init; }

    public bool IsWeighted { get; init; }

    public double ClipExampleNorm { get; init; } = double.PositiveInfinity;

    public Noise Noise { get; init; }

    /// <summary>The regulariser: an example without data, whose loss is added to the objective; null for none.</summary>
    public RandomExample? Penalty { get; init; }

    /// <summary>Whether the first example's gradient is not finite: √(0·s) is added to its loss.</summary>
    public bool IsPoisoned { get; init; }

    protected override bool IsTraining => true;

    // Documented: what is dropped follows from the model's seed and the step.
    protected override long SeedOf(ProgramRun run) => SeedOf(run, Training(run).Trainer.StepCount);

    internal static long SeedOf(ProgramRun run, long stepsBefore) => unchecked(run.Program.Seed * 1_000_003L + stepsBefore);

    protected override void Check(ProgramRun run, ExampleResult[] expected)
    {
        TrainingOracle training = Training(run);
        Configure(training.Trainer, run);
        double[][] values = run.Values();
        ExampleResult? penalty = Penalty?.Evaluate(run.Program.Parameters, values, seed: 0, number: 0, isTraining: false);
        if (penalty is { IsTame: false })
            return;

        var step = new ExpectedStep(this, expected, penalty, values);
        double loss;
        try
        {
            loss = Step(training.Trainer, run);
        }
        catch (NonFiniteException e) when (IsPoisoned)
        {
            run.Compare("example whose gradient is not finite", 0, e.Example ?? -1);
            RequireSame(run, step);
            return;
        }

        run.CompareSeen(Examples, expected);
        if (IsPoisoned)
            throw new DifferenceException("a gradient is not finite, and the step did not fail.");

        run.Compare("mean loss", step.Loss, loss, step.Scale);
        run.Compare("penalty", step.Penalty, training.Trainer.LastStep.Penalty, step.Scale);
        run.Compare("sum of weights", step.Weight, training.Trainer.LastStep.Weight);
        training.CompareStep(run, step);
        CompareNoise(run, step, training.Trainer.NoiseScale);
    }

    public override IEnumerable<RandomExample> All => Penalty is null ? Examples : [.. Examples, Penalty];

    public override Act With(Func<RandomExample, RandomExample> change) =>
        this with { Examples = [.. Examples.Select(change)], Penalty = Penalty is null ? null : change(Penalty) };

    public override IEnumerable<Act> Simpler() => new TrainAct[]
    {
        this with { HasBudget = false }, this with { Workers = 1 }, this with { IsWeighted = false }, this with { ClipExampleNorm = double.PositiveInfinity },
        this with { Noise = Noise.None }, this with { Penalty = null }, this with { ComputeBatch = 0 },
    }.Where(simpler => simpler != this);

    public override string ToString() => string.Concat(
        $"Trainer.Step, ComputeBatch = {ComputeBatch}, Workers = {Workers}", HasBudget ? ", MemoryBudget" : "", IsWeighted ? ", Weight" : "",
        double.IsFinite(ClipExampleNorm) ? $", ClipExampleNorm = {ClipExampleNorm}" : "", Noise == Noise.None ? "" : $", NoiseScale {Noise}",
        Penalty is null ? "" : ", Regularizer", IsPoisoned ? ", Sqrt(0·s) added to the first example's loss" : "");

    protected override IEnumerable<string> MoreLines(Func<int, string> name) => Penalty?.Lines("regulariser", name) ?? [];

    internal static TrainingOracle Training(ProgramRun run) => run.Get(() => new TrainingOracle(run));

    /// <summary>A trainer as this act takes it, of a program's run that has none yet.</summary>
    internal Trainer<RandomExample> NewTrainer(ProgramRun run, Communicator? ranks)
    {
        Trainer<RandomExample> trainer = new TrainingOracle(run, ranks).Trainer;
        Configure(trainer, run);
        return trainer;
    }

    /// <summary>Takes back what another step has set.</summary>
    internal static void Configure(Trainer<RandomExample> trainer, int computeBatch)
    {
        (trainer.ComputeBatch, trainer.Workers, trainer.ClipExampleNorm, trainer.MemoryBudget) = (computeBatch, 1, double.PositiveInfinity, 0);
        (trainer.Weight, trainer.Regularizer, trainer.NoiseScale) = (null, null, null);
    }

    private void Configure(Trainer<RandomExample> trainer, ProgramRun run)
    {
        (trainer.ComputeBatch, trainer.Workers, trainer.ClipExampleNorm) = (ComputeBatch, Workers, ClipExampleNorm);
        trainer.Weight = IsWeighted ? example => example.Weight : null;
        trainer.Regularizer = Penalty is null ? null : graph => run.Build(graph, Penalty)[Penalty.Loss];
        trainer.NoiseScale = Noise == Noise.None ? null : new GradientNoiseScale(decay: 0, fromExamples: Noise == Noise.FromExamples);
        trainer.MemoryBudget = HasBudget ? 2000 * Workers : 0;
    }

    // A budget that is too small is refused, and nothing has happened: then with just enough for the example that did not fit.
    private double Step(Trainer<RandomExample> trainer, ProgramRun run)
    {
        double[][] before = run.Values();
        while (true)
        {
            try
            {
                return trainer.Step([Examples[0] with { IsPoisoned = IsPoisoned }, .. Examples.Skip(1)]);
            }
            catch (MemoryBudgetException e) when (e.Bytes > trainer.MemoryBudget / Workers)
            {
                trainer.MemoryBudget = (e.Bytes + e.Bytes / 8) * Workers;
                for (int i = 0; i < before.Length; i++)
                    run.Compare($"{run.Parameters[i]} after a step that was refused", before[i], run.Values()[i]);
            }
        }
    }

    private static void RequireSame(ProgramRun run, ExpectedStep step)
    {
        double[][] after = run.Values();
        for (int i = 0; i < after.Length; i++)
        {
            if (!after[i].AsSpan().SequenceEqual(step.Before[i]))
                throw new DifferenceException($"{run.Parameters[i]} has changed in a step that failed.");
        }
    }

    private void CompareNoise(ProgramRun run, ExpectedStep step, GradientNoiseScale? noise)
    {
        if (noise is null || (Noise == Noise.FromPasses && (Workers > 1 || HasBudget)))
            return;

        int small = Noise == Noise.FromExamples ? 1 : ComputeBatch == 0 ? Examples.Count : ComputeBatch, all = Examples.Count;
        double ofSmall = Noise == Noise.FromExamples ? step.MeanSquaredNormOfExamples : step.SquaredNormOf(small), ofAll = step.SquaredNormOf(all);
        bool isMeasured = small < all && double.IsFinite(ofSmall);
        run.Compare("steps whose noise is known", isMeasured ? 1 : 0, noise.Steps);
        if (!isMeasured)
            return;

        double scale = step.Scale * step.Scale * all * all * (1 + ofSmall);
        run.Compare("|G|²", (all * ofAll - small * ofSmall) / (all - small), noise.SquaredGradientNorm, scale);
        run.Compare("variance", (ofSmall - ofAll) / (1.0 / small - 1.0 / all), noise.Variance, scale);
    }
}
