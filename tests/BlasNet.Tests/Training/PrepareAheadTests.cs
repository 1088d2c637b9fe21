using BlasNet.Graphs;
using BlasNet.Tests.Kernels;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>Passes prepared by another thread while one is computed: the same training, step by step.</summary>
[Collection(GemmSettings.Name)]
public sealed class PrepareAheadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ThreadCount _threads = new(2);

    public static TheoryData<string> Combinations => ["plain", "passes", "budget", "tight budget", "weights and regulariser", "clip", "noise", "no plans kept", "as written"];

    public void Dispose()
    {
        _threads.Dispose();
        _folder.Dispose();
    }

    [Theory, MemberData(nameof(Combinations))]
    public void A_training_is_the_same_to_the_bit(string combination)
    {
        using AheadTraining ahead = new(true, combination, awaits: true), alone = new(false, combination);
        for (int epoch = 0; epoch < 3; epoch++)
        {
            Assert.Equal(alone.Epoch(), ahead.Epoch());
            Assert.Equal(alone.LastStep, ahead.LastStep);
        }

        Assert.Equal(alone.Values, ahead.Values);
        Assert.Equal(alone.Trainer.NoiseScale?.Value, ahead.Trainer.NoiseScale?.Value);
        Assert.Equal(alone.Seen, ahead.Seen);   // each example by the same step, in the same order, and none twice
        Assert.Equal(0, alone.SeenElsewhere);
        Assert.InRange(ahead.SeenElsewhere, 1, int.MaxValue);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("tight budget")]
    public void A_single_step_prepares_no_more_than_its_own_examples(string combination)
    {
        using var training = new AheadTraining(true, combination);
        training.Trainer.ComputeBatch = 4;
        training.Trainer.Step([.. Enumerable.Range(3, 20)]);
        training.Trainer.Step([.. Enumerable.Range(30, 6)]);

        Assert.Equal([.. Enumerable.Range(3, 20), .. Enumerable.Range(30, 6)], training.Seen.Select(seen => seen.Example));
    }

    [Fact]
    public void An_epoch_prepares_nothing_beyond_its_end()
    {
        using var training = new AheadTraining(true);
        training.Epoch();

        Assert.Equal(Enumerable.Range(0, AheadTraining.Examples), training.Seen.Select(seen => seen.Example).Order());
    }

    [Theory]
    [InlineData("loss")]
    [InlineData("shape")]
    [InlineData("weight")]
    [InlineData("list")]
    [InlineData("not finite")]
    [InlineData("budget")]
    public void An_error_comes_at_its_step_and_training_goes_on_from_there(string kind)
    {
        (List<string> Errors, double[] Values) Train(bool isAhead)
        {
            using var training = new AheadTraining(isAhead, kind == "budget" ? "tight budget" : "passes");
            training.Trainer.Weight = example => example == training.Bad && kind == "weight" ? -1 : 1;
            List<string> errors = [];
            for (int bad = 0; bad < AheadTraining.Examples; bad += 9)
            {
                (training.Bad, training.Kind) = (bad, kind);
                Exception error = Record.Exception(() => training.Epoch())!;
                errors.Add($"{training.Trainer.StepCount} {training.Trainer.EpochDone} {error.GetType().Name} {error.Message} {training.Values.Sum()}");
                training.Bad = -1;
                training.Epoch();
            }

            return (errors, training.Values);
        }

        (List<string> expected, double[] values) = Train(isAhead: false);
        (List<string> errors, double[] actual) = Train(isAhead: true);

        Assert.Equal(expected, errors);
        Assert.Equal(values, actual);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("passes")]
    [InlineData("budget")]
    public void A_training_that_is_cancelled_goes_on_with_the_same_bits_here_or_from_a_checkpoint(string combination)
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        using AheadTraining undisturbed = new(true, combination), stopped = new(true, combination), resumed = new(true, combination);
        undisturbed.Epoch();
        undisturbed.Epoch();
        for (int step = 1; step <= 3; step++)
        {
            using var source = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => stopped.Epoch(new OnStep(_ => source.Cancel()), source.Token));
            Assert.Equal(step, stopped.Trainer.StepCount);
            Assert.Equal(step * stopped.Trainer.OptimizationBatch, stopped.Trainer.EpochDone);
        }

        checkpoints.Save(stopped.Trainer);
        Assert.Empty(checkpoints.Restore(resumed.Trainer)!.Warnings);
        foreach (AheadTraining training in new[] { stopped, resumed })
        {
            training.Epoch();
            training.Epoch();
            Assert.Equal(undisturbed.Values, training.Values);
        }
    }

    [Fact]
    public void Functions_of_the_user_s_never_run_side_by_side()
    {
        int running = 0;
        using var training = new AheadTraining(true, "passes", awaits: true);
        void Alone()
        {
            Assert.Equal(1, Interlocked.Increment(ref running));
            Thread.SpinWait(1000);
            Interlocked.Decrement(ref running);
        }

        training.AtLoss = Alone;
        training.Trainer.Weight = _ => One();
        training.Trainer.Regularizer = g =>
        {
            Alone();
            return Sum(Square(g.Use(training.Words))) * 0.01;
        };
        training.Epoch(new OnStep(_ => Alone()));
        Assert.InRange(training.SeenElsewhere, 1, int.MaxValue);

        double One()
        {
            Alone();
            return 1;
        }
    }

    [Fact]
    public void With_one_thread_or_several_workers_nothing_is_prepared_ahead()
    {
        using (var one = new ThreadCount(1))
        using (var training = new AheadTraining(true, "passes"))
        {
            training.Epoch();
            Assert.Equal(0, training.SeenElsewhere);
        }

        using var workers = new AheadTraining(true);
        workers.Trainer.Workers = 2;
        List<int> seen = [];
        workers.AtLoss = () =>
        {
            lock (seen)
                seen.Add(0);
        };
        workers.Epoch(new OnStep(progress => Assert.Equal(progress.Examples, seen.Count)));
    }

    [Fact]
    public void Steps_allocate_nothing_once_they_are_going()
    {
        using var model = new Model();
        Parameter w = model.Weight("w", 200, 2), v = model.Weight("v", 1, 200);
        float[][] inputs = [.. Enumerable.Range(0, 64).Select(i => new[] { 1f, i })];
        var trainer = new Trainer<int>(model, (g, i) => Square(v * Tanh(w * g.Input(inputs[i]))), new Adam());
        int[] order = [.. Enumerable.Range(0, 64)];
        void Train(int steps)
        {
            for (int step = 0; step < steps; step++)
                trainer.Step(new StepSource<int>(order, order, step % 2 * 32, 32), new StepSource<int>(order, order, (step + 1) % 2 * 32, 32));
        }

        Train(50);
        Allocations.AssertNoneByAnyThread(() => Train(50));
    }
}
