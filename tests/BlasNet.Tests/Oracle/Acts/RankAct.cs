using BlasNet.Kernels;
using BlasNet.Ranks;
using BlasNet.Tests.Ranks;
using BlasNet.Training;

namespace BlasNet.Tests.Oracle;

/// <summary>Two optimizer steps by several ranks, with models of their own: to the bits of as many workers, which the other acts compare with the definition.
/// </summary>
/// <param name="Training">A step of one worker, without a budget.</param>
/// <param name="Ranks">How many.</param>
internal sealed record RankAct(TrainAct Training, int Ranks) : Act(Training.Examples)
{
    private const int Steps = 2;

    protected override bool IsTraining => true;

    protected override void Check(ProgramRun run, ExampleResult[] expected)
    {
        double[][] byWorkers;
        try
        {
            byWorkers = Train(run.Program, ranks: null);
        }
        catch (NonFiniteException)
        {
            return;   // a step that makes the next one's values infinite
        }

        double[][][] byRanks = ThreadRanks.Run(Ranks, ranks => Train(run.Program, ranks));
        for (int rank = 0; rank < Ranks; rank++)
        {
            for (int i = 0; i < byWorkers.Length; i++)
            {
                run.Tally.Comparisons++;
                (double[] wanted, double[] given) = (byWorkers[i], byRanks[rank][i]);
                if (!given.AsSpan().SequenceEqual(wanted))
                    throw new DifferenceException($"{NameOf(run, i)} of rank {rank}: expected [{string.Join(", ", wanted)}], got [{string.Join(", ", given)}].");
            }
        }
    }

    public override Act With(Func<RandomExample, RandomExample> change)
    {
        var training = (TrainAct)Training.With(change);
        return this with { Training = training, Examples = training.Examples };
    }

    public override IEnumerable<RandomExample> All => Training.All;

    public override IEnumerable<Act> Simpler() =>
        Training.Simpler().Select(simpler => this with { Training = (TrainAct)simpler }).Concat(Ranks > 2 ? [this with { Ranks = 2 }] : []);

    public override string ToString() => $"{Ranks} ranks: {Training}";

    private static string NameOf(ProgramRun run, int value) => value < run.Parameters.Length ? run.Parameters[value].ToString() : "losses";

    // The parameters after the steps, and the losses.
    private double[][] Train(RandomProgram program, Communicator? ranks)
    {
        using ComputeSettings.Scope settings = (program.Settings with { Threads = 1 }).Use();   // a worker does not divide what it computes
        using var own = new ProgramRun(program, new Tally());
        Trainer<RandomExample> trainer = Training.NewTrainer(own, ranks);
        (trainer.Workers, trainer.ComputeBatch) = ranks is null ? (Ranks, Training.ComputeBatch * Ranks) : (1, Training.ComputeBatch);
        var losses = new double[Steps];
        for (int step = 0; step < Steps; step++)
            losses[step] = trainer.Step([.. Examples]);

        return [.. own.Values(), losses];
    }
}
