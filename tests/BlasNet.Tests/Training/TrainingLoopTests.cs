using BlasNet.Training;

namespace BlasNet.Tests.Training;

public sealed class TrainingLoopTests : IDisposable
{
    private const int Epochs = 4;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Who_follows_the_log_sees_each_row_as_it_is_written()
    {
        using var training = new Regression();
        string path = _folder.File("followed.csv");
        using var log = new TrainingLog(path);
        var loop = new TrainingLoop<int>(training.Trainer, Regression.Data) { Epochs = 2, Log = log };
        loop.NextEpoch(cancellation: TestContext.Current.CancellationToken);
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        Assert.Equal(2, reader.ReadToEnd().Count(character => character == '\n'));
        loop.NextEpoch(cancellation: TestContext.Current.CancellationToken);

        Assert.StartsWith("2,", reader.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void However_often_it_is_cancelled_and_resumed_it_ends_as_if_undisturbed()
    {
        using var undisturbed = new Regression();
        string expectedLog = _folder.File("expected.csv"), log = _folder.File("log.csv");
        List<EpochSummary> expected = Finish(undisturbed, null, expectedLog);

        double[] values = [];
        int runs = 0;
        for (bool done = false; !done; runs++)
        {
            // A new process each time; after some steps, or within an evaluation, it is asked to stop.
            using var training = new Regression();
            using var source = new CancellationTokenSource();
            using var checkpoints = new CheckpointFolder(_folder.File("checkpoints"), keep: 2);
            using var file = new TrainingLog(log);
            int left = 1 + runs % 4;
            TrainingLoop<int> loop = NewLoop(training, checkpoints, file, StopAfterSome);
            loop.Resume();
            try
            {
                while (loop.NextEpoch(new OnStep(_ => StopAfterSome()), source.Token) is not null)
                {
                }

                done = true;
            }
            catch (OperationCanceledException)
            {
                Assert.Equal(training.Trainer.StepCount, loop.LastCheckpoint!.Step);
            }

            values = training.Values;

            void StopAfterSome()
            {
                if (--left == 0)
                    source.Cancel();
            }
        }

        Assert.True(runs > Epochs);
        Assert.Equal(undisturbed.Values, values);
        Assert.Equal(Epochs, expected.Count);
        Assert.Equal(WithoutTimes(expectedLog), WithoutTimes(log));
    }

    [Fact]
    public void It_stops_when_nothing_better_comes_also_over_a_resumption()
    {
        int[] accuracies = [1, 3, 2, 2, 9];
        string path = _folder.File("checkpoints");
        for (int run = 0; run < 3; run++)
        {
            using var training = new Regression();
            using var checkpoints = new CheckpointFolder(path);
            TrainingLoop<int> loop = new(training.Trainer, Regression.Data)
            {
                Epochs = 100,
                Checkpoints = checkpoints,
                EarlyStopping = new EarlyStopping(patience: 2, higherIsBetter: true),
                Evaluate = _ => [new("accuracy", accuracies[training.Trainer.EpochCount])],
            };
            loop.Resume();
            if (run < 2)
            {
                EpochSummary? first = loop.NextEpoch(cancellation: TestContext.Current.CancellationToken);
                Assert.True(first!.IsBest);
                continue;
            }

            Assert.False(loop.NextEpoch(cancellation: TestContext.Current.CancellationToken)!.IsBest);
            Assert.False(loop.IsDone);
            loop.NextEpoch(cancellation: TestContext.Current.CancellationToken);
            Assert.True(loop.IsDone);
            Assert.Null(loop.NextEpoch(cancellation: TestContext.Current.CancellationToken));
            Assert.Equal((4, 3.0, 2), (training.Trainer.EpochCount, loop.EarlyStopping.Best, loop.EarlyStopping.BestEpoch));
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void The_checkpoint_of_the_best_epoch_stays_and_is_put_back_also_after_a_resumption(bool resumes)
    {
        int[] accuracies = [1, 9, 2, 3];
        using Regression training = new(), resumed = new();
        using var checkpoints = new CheckpointFolder(_folder.Path, keep: 1);
        List<double[]> values = [];
        TrainingLoop<int> loop = LoopOf(training);
        while (loop.NextEpoch(cancellation: TestContext.Current.CancellationToken) is not null)
            values.Add(training.Values);

        checkpoints.BestEpoch = 0;   // as in a new process
        Regression last = resumes ? resumed : training;
        if (resumes)
            loop = LoopOf(resumed);

        loop.Resume();
        Assert.Equal(values[3], last.Values);
        Assert.Equal(2, loop.RestoreBest()!.Epoch);
        Assert.Equal(values[1], last.Values);

        TrainingLoop<int> LoopOf(Regression one) => new(one.Trainer, Regression.Data)
        {
            Epochs = accuracies.Length,
            Checkpoints = checkpoints,
            EarlyStopping = new EarlyStopping(patience: 5, higherIsBetter: true),
            Evaluate = _ => [new("accuracy", accuracies[one.Trainer.EpochCount])],
        };
    }

    [Fact]
    public void A_checkpoint_comes_every_so_many_steps_and_after_each_epoch()
    {
        using var training = new Regression();
        using var checkpoints = new CheckpointFolder(_folder.Path, keep: 100);
        TrainingLoop<int> loop = new(training.Trainer, Regression.Data) { Epochs = 2, Checkpoints = checkpoints, CheckpointEvery = 2 };
        while (loop.NextEpoch(cancellation: TestContext.Current.CancellationToken) is not null)
        {
        }

        Assert.Equal(
            ["2-0", "4-0", "5-1", "6-1", "8-1", "10-1", "10-2"],
            Directory.GetDirectories(_folder.Path).Select(folder => Path.GetFileName(folder)["step-".Length..].Replace("epoch-", "", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal).Select(name => string.Join('-', name.Split('-').Select(int.Parse))));
    }

    [Fact]
    public void A_loss_that_is_not_finite_leaves_the_good_checkpoints()
    {
        using var training = new Regression(() => new Sgd(1e20));
        using var checkpoints = new CheckpointFolder(_folder.Path, keep: 1);
        TrainingLoop<int> loop = new(training.Trainer, Regression.Data) { Epochs = 9, Checkpoints = checkpoints, CheckpointEvery = 1 };

        Assert.ThrowsAny<ArithmeticException>(() =>
        {
            while (loop.NextEpoch(cancellation: TestContext.Current.CancellationToken) is not null)
            {
            }
        });

        using var resumed = new Regression(() => new Sgd(1e20));
        checkpoints.Restore(resumed.Trainer);
        Assert.All(resumed.Values, value => Assert.True(double.IsFinite(value)));
    }

    /// <summary>The first epoch's checkpoint is the best one only for who stops early.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public void Without_early_stopping_the_last_checkpoints_stay_and_no_other(bool resumes)
    {
        using var training = new Regression();
        using var checkpoints = new CheckpointFolder(_folder.File("checkpoints"), keep: 2);
        for (int epoch = 1; epoch <= 3; epoch++)
        {
            using var again = new Regression();
            var loop = new TrainingLoop<int>((resumes ? again : training).Trainer, Regression.Data) { Epochs = 9, Checkpoints = checkpoints };
            if (resumes)
                loop.Resume();

            Assert.Equal(epoch, loop.NextEpoch(cancellation: TestContext.Current.CancellationToken)!.Epoch);
        }

        Assert.Equal(["0002", "0003"], Directory.GetDirectories(checkpoints.Path).Select(folder => folder[^4..]).Order());
    }

    [Fact]
    public void Misuse_is_an_error_at_once()
    {
        using var training = new Regression();
        TrainingLoop<int> blind = new(training.Trainer, Regression.Data) { EarlyStopping = new EarlyStopping(1, higherIsBetter: true) };
        TrainingLoop<int> empty = new(training.Trainer, []);

        Assert.Throws<InvalidOperationException>(() => blind.Resume());
        Assert.Throws<InvalidOperationException>(() => blind.NextEpoch(cancellation: TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>(() => empty.NextEpoch(cancellation: TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentNullException>(() => new TrainingLoop<int>(null!, []));
        Assert.Throws<ArgumentNullException>(() => new TrainingLoop<int>(training.Trainer, null!));
    }

    private static TrainingLoop<int> NewLoop(Regression training, CheckpointFolder? checkpoints, TrainingLog log, Action? evaluating) =>
        new(training.Trainer, Regression.Data)
        {
            Epochs = Epochs,
            Checkpoints = checkpoints,
            CheckpointEvery = 3,
            Log = log,
            EarlyStopping = new EarlyStopping(patience: 3, higherIsBetter: false),
            Evaluate = cancellation =>
            {
                evaluating?.Invoke();
                cancellation.ThrowIfCancellationRequested();
                return [new("size", training.Values.Sum(Math.Abs))];
            },
        };

    private static List<EpochSummary> Finish(Regression training, CheckpointFolder? checkpoints, string log)
    {
        using var file = new TrainingLog(log);
        TrainingLoop<int> loop = NewLoop(training, checkpoints, file, evaluating: null);
        List<EpochSummary> epochs = [];
        while (loop.NextEpoch(cancellation: TestContext.Current.CancellationToken) is { } epoch)
            epochs.Add(epoch);

        return epochs;
    }

    private static IEnumerable<string> WithoutTimes(string log)
    {
        string[][] rows = [.. File.ReadLines(log).Select(line => line.Split(','))];
        int seconds = Array.IndexOf(rows[0], "seconds");
        return rows.Select(row => string.Join(',', row.Where((_, column) => column != seconds)));
    }
}
