using BlasNet.Graphs;
using BlasNet.Tests.Kernels;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

[Collection(GemmSettings.Name)]
public sealed class CheckpointTests : IDisposable
{
    private const int Steps = 3 * Regression.StepsPerEpoch + 2;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, Precision> Trainings => new(
        from optimizer in new[] { "adam", "momentum", "sgd" }
        from precision in new[] { Precision.Single, Precision.Double }
        select (optimizer, precision));

    [Theory, MemberData(nameof(Trainings))]
    public void A_training_stopped_after_any_step_and_resumed_ends_with_the_same_bits(string optimizer, Precision precision)
    {
        Regression New() => new(() => NewOptimizer(optimizer), precision: precision, computeBatch: 2);
        using Regression undisturbed = New();
        undisturbed.TrainTo(Steps);

        foreach (int stop in new[] { 0, 1, 4, 5, 6, Steps - 1, Steps })
        {
            using var checkpoints = new CheckpointFolder(_folder.File($"stop{stop}"));
            using Regression stopped = New(), resumed = New();
            stopped.TrainTo(stop);
            checkpoints.Save(stopped.Trainer);

            Checkpoint restored = checkpoints.Restore(resumed.Trainer)!;

            Assert.Equal((stop, stop / Regression.StepsPerEpoch), (restored.Step, restored.Epoch));
            Assert.Empty(restored.Warnings);
            Assert.Equal(stopped.Values, resumed.Values);
            resumed.TrainTo(Steps);
            Assert.Equal(undisturbed.Values, resumed.Values);
        }
    }

    [Fact]
    public void The_loss_of_an_epoch_that_was_interrupted_is_that_of_the_whole_epoch()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        using Regression undisturbed = new(), stopped = new(), resumed = new();
        double expected = undisturbed.Trainer.Epoch(Regression.Data, cancellation: TestContext.Current.CancellationToken);
        stopped.TrainTo(3);
        checkpoints.Save(stopped.Trainer);
        checkpoints.Restore(resumed.Trainer);

        Assert.Equal(expected, resumed.Trainer.Epoch(Regression.Data, cancellation: TestContext.Current.CancellationToken));
        Assert.Equal((1, 5L), (resumed.Trainer.EpochCount, resumed.Trainer.StepCount));
    }

    [Fact]
    public void A_trainer_must_be_given()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        Assert.Equal("trainer", Assert.Throws<ArgumentNullException>(() => checkpoints.Restore<int>(null!)).ParamName);
        Assert.Equal("trainer", Assert.Throws<ArgumentNullException>(() => checkpoints.Save<int>(null!)).ParamName);
    }

    [Fact]
    public void The_choice_of_kernels_goes_on_where_it_was()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        using Regression stopped = new(computeBatch: 1), resumed = new(computeBatch: 1);
        stopped.TrainTo(4);
        checkpoints.Save(stopped.Trainer);
        checkpoints.Restore(resumed.Trainer);

        foreach (string name in new[] { "W", "V" })
            Assert.Equal(stopped.Model.PackingUsesOf(stopped.Model[name]), resumed.Model.PackingUsesOf(resumed.Model[name]));
    }

    [Fact]
    public void What_is_known_of_the_gradients_noise_goes_on_where_it_was()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        using Regression undisturbed = new(), stopped = new(), resumed = new();
        foreach (Regression training in new[] { undisturbed, stopped, resumed })
            training.Trainer.NoiseScale = new GradientNoiseScale();

        undisturbed.TrainTo(7);
        stopped.TrainTo(4);
        checkpoints.Save(stopped.Trainer);
        resumed.TrainTo(2);   // forgotten with the rest
        checkpoints.Restore(resumed.Trainer);
        Assert.Equal(stopped.Trainer.NoiseScale!.Sums, resumed.Trainer.NoiseScale!.Sums);
        resumed.TrainTo(7);

        Assert.Equal(7, resumed.Trainer.NoiseScale.Steps);
        Assert.Equal(undisturbed.Trainer.NoiseScale!.Sums, resumed.Trainer.NoiseScale.Sums);
    }

    [Fact]
    public void A_noise_scale_begins_afresh_where_the_checkpoint_has_none()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        Regression.SaveAt(checkpoints, 2);
        using var resumed = new Regression();
        resumed.Trainer.NoiseScale = new GradientNoiseScale();
        resumed.TrainTo(3);
        Assert.Contains("noise scale", Assert.Single(checkpoints.Restore(resumed.Trainer)!.Warnings), StringComparison.Ordinal);

        Assert.Equal(0, resumed.Trainer.NoiseScale.Steps);
        Assert.True(double.IsNaN(resumed.Trainer.NoiseScale.Value));
    }

    [Fact]
    public void Where_there_is_no_checkpoint_training_starts_afresh()
    {
        using var checkpoints = new CheckpointFolder(_folder.File("new"));
        using var training = new Regression();
        double[] before = training.Values;

        Assert.Null(checkpoints.LastStep);
        Assert.Null(checkpoints.Restore(training.Trainer));
        Assert.Equal(before, training.Values);
    }

    [Fact]
    public void Only_the_last_ones_are_kept()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path, keep: 2);
        Regression.SaveAt(checkpoints, 1, 2, 3, 4);

        Assert.Equal(["step-0000000003-epoch-0000", "step-0000000004-epoch-0000"], Folders());
        Assert.Equal(4, checkpoints.LastStep);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Parameters_that_are_not_finite_are_not_saved_over_good_ones(bool isSameStep)
    {
        using var checkpoints = new CheckpointFolder(_folder.Path, keep: 1);
        using Regression training = new(), resumed = new();
        training.TrainTo(1);
        checkpoints.Save(training.Trainer);
        training.TrainTo(isSameStep ? 1 : 2);
        training.Model.SetValues(training.Model["V"], [.. Enumerable.Repeat(double.NaN, 8)]);

        var error = Assert.Throws<ArithmeticException>(() => checkpoints.Save(training.Trainer));
        Assert.Equal("Parameter V [1 × 8] is infinite or not a number.", error.Message);
        Assert.Equal(1, checkpoints.Restore(resumed.Trainer)!.Step);
    }

    [Fact]
    public void A_training_that_was_not_restored_does_not_write_over_an_earlier_one()
    {
        using (var first = new CheckpointFolder(_folder.Path))
            Regression.SaveAt(first, 4);

        using var checkpoints = new CheckpointFolder(_folder.Path, keep: 1);
        using var other = new Regression();
        other.TrainTo(2);

        var error = Assert.Throws<CheckpointException>(() => checkpoints.Save(other.Trainer));
        Assert.Equal($"{_folder.Path}: has a checkpoint of step 4, and this training is at step 2: restore that one first, or use an empty folder", error.Message);
        Assert.Equal(["step-0000000004-epoch-0000"], Folders());
    }

    [Fact]
    public void Two_trainings_do_not_share_a_folder()
    {
        using (new CheckpointFolder(_folder.Path))
            Assert.Throws<CheckpointException>(() => new CheckpointFolder(_folder.Path));

        new CheckpointFolder(_folder.Path).Dispose();
    }

    [Fact]
    public void Notes_come_back()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        using Regression training = new(), resumed = new();
        training.TrainTo(1);
        checkpoints.Save(training.Trainer, new Dictionary<string, string> { ["task"] = "sine \"wave\" ∿" });

        Assert.Equal("sine \"wave\" ∿", checkpoints.Restore(resumed.Trainer)!.Notes["task"]);
    }

    [Fact]
    public void Misuse_is_an_error_at_once()
    {
        using Regression training = new();
        Assert.Throws<ArgumentException>(() => new CheckpointFolder(""));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CheckpointFolder(_folder.Path, keep: 0));
        Assert.Throws<CheckpointException>(() => new CheckpointFolder(_folder.Write("file", "")));
        var disposed = new CheckpointFolder(_folder.Path);
        disposed.Dispose();
        Assert.Throws<ObjectDisposedException>(() => disposed.Save(training.Trainer));
        Assert.Throws<ObjectDisposedException>(() => disposed.Restore(training.Trainer));

        using var checkpoints = new CheckpointFolder(_folder.Path);
        training.TrainTo(2);
        Assert.Throws<ArgumentException>(() => training.Trainer.Epoch([1, 2, 3], cancellation: TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentNullException>(() => checkpoints.Save<int>(null!));
        using var model = new Model();
        Trainer<int>? within = null;
        within = new Trainer<int>(model, Save, new Sgd(0.1));
        Assert.Throws<InvalidOperationException>(() => within.Step([1]));

        Expr Save(Graph graph, int example)
        {
            checkpoints.Save(within!);
            return graph.Constant(1);
        }
    }

    public void Dispose() => _folder.Dispose();

    private static Optimizer NewOptimizer(string name) => name switch
    {
        "adam" => new Adam(0.02),
        "momentum" => new Sgd(0.02, momentum: 0.9),
        _ => new Sgd(0.05),
    };

    private string[] Folders() => [.. Directory.GetDirectories(_folder.Path, "step-*").Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];
}
