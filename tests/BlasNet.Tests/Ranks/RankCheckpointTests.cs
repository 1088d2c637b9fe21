using BlasNet.Ranks;
using BlasNet.Tests.Kernels;
using BlasNet.Training;

namespace BlasNet.Tests.Ranks;

/// <summary>Checkpoints, logs and early stopping of several ranks: rank 0 reads and writes, all go on alike.</summary>
[Collection(GemmSettings.Name)]
public sealed class RankCheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory, InlineData(2, "plain"), InlineData(3, "all"), InlineData(2, "noise")]
    public void A_training_is_resumed_to_the_bits_of_one_that_was_never_stopped(int count, string combination)
    {
        double[] undisturbed = ThreadRanks.Run(count, ranks => Train(ranks, combination, epochs: 3, folder: null))[0].Values;
        string folder = Path.Combine(_folder.Path, "stopped");
        ThreadRanks.Run(count, ranks => Train(ranks, combination, epochs: 3, folder, stopAt: 6));
        (double[] Values, IReadOnlyList<string> Warnings)[] resumed = ThreadRanks.Run(count, ranks => Train(ranks, combination, epochs: 3, folder));

        Assert.All(resumed, rank => Assert.Equal(undisturbed, rank.Values));
        Assert.All(resumed, rank => Assert.Empty(rank.Warnings));
    }

    /// <summary>The optimizer has no state then.</summary>
    [Fact]
    public void A_training_is_resumed_from_before_its_first_step()
    {
        double[] undisturbed = ThreadRanks.Run(2, ranks => Train(ranks, "plain", epochs: 1, folder: null))[0].Values;
        ThreadRanks.Run(2, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            using var checkpoints = new CheckpointFolder(_folder.Path, communicator: ranks);
            checkpoints.Save(training.Trainer);
            return 0;
        });

        Assert.All(ThreadRanks.Run(2, ranks => Train(ranks, "plain", epochs: 1, _folder.Path)), rank => Assert.Equal(undisturbed, rank.Values));
    }

    [Fact]
    public void Workers_go_on_where_as_many_ranks_stopped_to_the_same_bits()
    {
        using var workers = new RankTraining(2, ranks: null);
        double[] expected = workers.TrainEpochs(2).Values;
        ThreadRanks.Run(2, ranks => Train(ranks, "plain", epochs: 2, _folder.Path, stopAt: 5));
        using var resumed = new RankTraining(2, ranks: null);
        using var checkpoints = new CheckpointFolder(_folder.Path);
        Assert.Empty(checkpoints.Restore(resumed.Trainer)!.Warnings);
        resumed.TrainEpochs(2 - resumed.Trainer.EpochCount);

        Assert.Equal(expected, resumed.Values);
    }

    [Fact]
    public void Another_number_of_ranks_goes_on_and_is_told_that_it_rounds_differently()
    {
        ThreadRanks.Run(2, ranks => Train(ranks, "plain", epochs: 2, _folder.Path, stopAt: 5));
        (double[] Values, IReadOnlyList<string> Warnings)[] resumed = ThreadRanks.Run(3, ranks => Train(ranks, "plain", epochs: 2, _folder.Path));

        Assert.All(resumed, rank => Assert.EndsWith(
            "was made with workers 2; now it is 3. Training goes on, but rounds differently", Assert.Single(rank.Warnings), StringComparison.Ordinal));
        Assert.All(resumed, rank => Assert.Equal(resumed[0].Values, rank.Values));
    }

    [Fact]
    public void A_folder_in_use_is_an_error_on_all_ranks()
    {
        using var other = new CheckpointFolder(_folder.Path);
        string[] messages = ThreadRanks.Run(2, ranks => Assert.ThrowsAny<Exception>(() => new CheckpointFolder(_folder.Path, communicator: ranks)).Message);

        Assert.All(messages, message => Assert.Contains("is in use by another training", message, StringComparison.Ordinal));
        Assert.StartsWith("Rank 0: ", messages[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_written_is_an_error_on_all_ranks()
    {
        string[] messages = ThreadRanks.Run(2, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            using var checkpoints = new CheckpointFolder(Path.Combine(_folder.Path, "gone"), communicator: ranks);
            training.Trainer.Step([3, 4, 5]);
            if (ranks.Rank == 0)
                File.WriteAllText(Path.Combine(_folder.Path, "gone", "step-0000000001-epoch-0000"), "in the way");

            return Assert.ThrowsAny<Exception>(() => checkpoints.Save(training.Trainer)).Message;
        });

        Assert.Equal($"Rank 0: {messages[0]}", messages[1]);
    }

    [Fact]
    public void Trainer_and_checkpoints_must_have_the_same_ranks()
    {
        ThreadRanks.Run(2, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            using var checkpoints = new CheckpointFolder(Path.Combine(_folder.Path, $"{ranks.Rank}"));
            var loop = new TrainingLoop<int>(training.Trainer, RankTraining.Lengths) { Checkpoints = checkpoints };
            return Assert.Throws<InvalidOperationException>(() => loop.NextEpoch(cancellation: TestContext.Current.CancellationToken));
        });
    }

    [Fact]
    public void One_log_is_written_and_all_stop_early_by_what_rank_0_has_measured()
    {
        string log = Path.Combine(_folder.Path, "log.csv");
        int[] epochs = ThreadRanks.Run(2, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            using TrainingLog? rows = ranks.Rank == 0 ? new TrainingLog(log) : null;
            int count = 0;
            var loop = new TrainingLoop<int>(training.Trainer, RankTraining.Lengths)
            {
                Epochs = 20,
                Log = rows,
                EarlyStopping = new EarlyStopping(2, higherIsBetter: true),
                Evaluate = _ => [new("accuracy", ranks.Rank == 0 ? Math.Min(3, ++count) : Random.Shared.NextDouble())],
            };
            while (loop.NextEpoch(cancellation: TestContext.Current.CancellationToken) is not null)
            {
            }

            return training.Trainer.EpochCount;
        });

        Assert.Equal([5, 5], epochs);
        Assert.Equal(6, File.ReadAllLines(log).Length);
    }

    private static (double[] Values, IReadOnlyList<string> Warnings) Train(Communicator ranks, string combination, int epochs, string? folder, long stopAt = 0)
    {
        using var training = new RankTraining(1, ranks, combination);
        using CheckpointFolder? checkpoints = folder is null ? null : new CheckpointFolder(folder, communicator: ranks);
        using var source = new CancellationTokenSource();
        var loop = new TrainingLoop<int>(training.Trainer, RankTraining.Lengths) { Epochs = epochs, Checkpoints = checkpoints, CheckpointEvery = 3 };
        Checkpoint? restored = checkpoints is null ? null : loop.Resume();
        try
        {
            while (loop.NextEpoch(new Stop(training.Trainer, ranks.Rank == 1 ? stopAt : 0, source), source.Token) is not null)
            {
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Equal(stopAt + 1, training.Trainer.StepCount);
        }

        return (training.Values, restored?.Warnings ?? []);
    }

    private sealed class Stop(Trainer<int> trainer, long at, CancellationTokenSource source) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (trainer.StepCount == at)
                source.Cancel();
        }
    }
}
