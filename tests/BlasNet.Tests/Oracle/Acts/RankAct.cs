using BlasNet.Kernels;
using BlasNet.Ranks;
using BlasNet.Tests.Ranks;
using BlasNet.Training;

namespace BlasNet.Tests.Oracle;

/// <summary>Optimizer steps by several ranks, with models of their own: to the bits of as many workers, which the other acts compare with the definition.
/// </summary>
/// <param name="Training">A step of one worker, without a budget.</param>
/// <param name="Ranks">How many.</param>
internal sealed record RankAct(TrainAct Training, int Ranks) : SameBitsAct(Training)
{
    private const int Steps = 4;

    protected override string Name => $"{Ranks} ranks";

    protected override double[][] Wanted(RandomProgram program) => Train(program, ranks: null);

    protected override double[][][] Given(RandomProgram program) => ThreadRanks.Run(Ranks, ranks => Train(program, ranks));

    public override IEnumerable<Act> Simpler() => Ranks > 2 ? base.Simpler().Append(this with { Ranks = 2 }) : base.Simpler();

    // The parameters after the steps, and the losses.
    private double[][] Train(RandomProgram program, Communicator? ranks)
    {
        using ComputeSettings.Scope settings = (program.Settings with { Threads = 1 }).Use();   // a worker does not divide what it computes
        using var own = new ProgramRun(program, new Tally());
        Trainer<RandomExample> trainer = Training.NewTrainer(own, ranks);
        (trainer.Workers, trainer.ComputeBatch) = ranks is null ? (Ranks, Training.ComputeBatch * Ranks) : (1, Training.ComputeBatch);
        double[] losses = Step(trainer, 0, Steps);
        return [.. own.Values(), losses];
    }
}
