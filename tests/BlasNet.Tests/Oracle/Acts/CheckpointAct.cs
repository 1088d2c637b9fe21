using BlasNet.Training;

namespace BlasNet.Tests.Oracle;

/// <summary>Steps with a checkpoint in the middle, from which another model goes on: to the bits of a training that was never stopped.</summary>
/// <param name="Training">The steps' settings.</param>
/// <param name="Before">Steps before the checkpoint.</param>
internal sealed record CheckpointAct(TrainAct Training, int Before) : SameBitsAct(Training)
{
    private const int After = 6;

    protected override string Name => $"Checkpoint after {Before} steps";

    protected override double[][] Wanted(RandomProgram program)
    {
        using var run = new ProgramRun(program, new Tally());
        double[] losses = Step(Training.NewTrainer(run, ranks: null), 0, Before + After);
        return [.. run.Values(), losses[Before..]];
    }

    protected override double[][][] Given(RandomProgram program)
    {
        using var folder = new TemporaryFolder();
        using (var run = new ProgramRun(program, new Tally()))
        {
            Trainer<RandomExample> trainer = Training.NewTrainer(run, ranks: null);
            Step(trainer, 0, Before);
            using var checkpoints = new CheckpointFolder(folder.Path);
            checkpoints.Save(trainer);
        }

        using var resumed = new ProgramRun(program, new Tally());
        Trainer<RandomExample> goesOn = Training.NewTrainer(resumed, ranks: null);
        using (var checkpoints = new CheckpointFolder(folder.Path))
            checkpoints.Restore(goesOn);

        double[] losses = Step(goesOn, Before, After);
        return [[.. resumed.Values(), losses]];
    }

    public override IEnumerable<Act> Simpler() => Before > 0 ? base.Simpler().Append(this with { Before = Before - 1 }) : base.Simpler();
}
