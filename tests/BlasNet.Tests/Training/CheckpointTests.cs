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
        SaveAt(checkpoints, 1, 2, 3, 4);

        Assert.Equal(["step-0000000003-epoch-0000", "step-0000000004-epoch-0000"], Folders());
        Assert.Equal(4, checkpoints.LastStep);
    }

    [Theory]
    [InlineData(CheckpointFolder.Parameters)]
    [InlineData(CheckpointFolder.State)]
    [InlineData(CheckpointFolder.Manifest)]
    public void A_damaged_checkpoint_is_passed_over_and_told(string file)
    {
        foreach (Func<byte[], byte[]> damage in new Func<byte[], byte[]>[] { bytes => bytes[..^1], bytes => [], bytes => [.. bytes[..(bytes.Length / 2)], (byte)(bytes[bytes.Length / 2] ^ 1), .. bytes[(bytes.Length / 2 + 1)..]] })
        {
            string path = _folder.File(Guid.NewGuid().ToString());
            using (var writer = new CheckpointFolder(path))
                SaveAt(writer, 3, 7);

            string damaged = Path.Combine(path, "step-0000000007-epoch-0001", file);
            File.WriteAllBytes(damaged, damage(File.ReadAllBytes(damaged)));
            using var checkpoints = new CheckpointFolder(path, keep: 1);
            using Regression resumed = new(), expected = new();

            Checkpoint restored = checkpoints.Restore(resumed.Trainer)!;

            Assert.Equal(3, restored.Step);
            Assert.Contains($"step-0000000007-epoch-0001: {file} is damaged", Assert.Single(restored.Warnings), StringComparison.Ordinal);
            expected.TrainTo(3);
            Assert.Equal(expected.Values, resumed.Values);

            // The next one counts, though its step is an earlier one than the damaged one's.
            resumed.TrainTo(5);
            Assert.Equal(5, checkpoints.Save(resumed.Trainer).Step);
            Assert.Equal(5, checkpoints.LastStep);
        }
    }

    [Fact]
    public void Whichever_byte_of_the_manifest_changes_it_is_found()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        SaveAt(checkpoints, 1);
        string manifest = Path.Combine(_folder.Path, Folders()[0], CheckpointFolder.Manifest);
        byte[] bytes = File.ReadAllBytes(manifest);
        using var resumed = new Regression();
        double[] before = resumed.Values;

        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] changed = [.. bytes];
            changed[i] ^= 1;
            File.WriteAllBytes(manifest, changed);
            Assert.Throws<CheckpointException>(() => checkpoints.Restore(resumed.Trainer));
        }

        Assert.Equal(before, resumed.Values);
    }

    [Fact]
    public void Where_all_are_damaged_the_error_names_each_and_nothing_changes()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        SaveAt(checkpoints, 1, 2);
        foreach (string folder in Folders())
            File.Delete(Path.Combine(_folder.Path, folder, CheckpointFolder.State));

        using var resumed = new Regression();
        var error = Assert.Throws<CheckpointException>(() => checkpoints.Restore(resumed.Trainer));
        Assert.StartsWith($"{_folder.Path}: none of its checkpoints can be read. ", error.Message, StringComparison.Ordinal);
        Assert.Contains("step-0000000001-epoch-0000", error.Message, StringComparison.Ordinal);
        Assert.Contains("step-0000000002-epoch-0000", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, resumed.Trainer.StepCount);
    }

    [Fact]
    public void A_folder_without_a_manifest_does_not_count_and_goes_with_the_next_checkpoint()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        SaveAt(checkpoints, 1);
        string unfinished = _folder.File("step-0000000002-epoch-0000"), foreign = _folder.File("step-0000000002-epoch-0000x");
        Directory.CreateDirectory(unfinished);
        Directory.CreateDirectory(foreign);
        File.WriteAllText(Path.Combine(unfinished, CheckpointFolder.Parameters), "");
        File.WriteAllText(Path.Combine(unfinished, ".blasnet-abc.tmp"), "");
        Assert.Equal(1, checkpoints.LastStep);

        using var resumed = new Regression();
        Assert.Equal(1, checkpoints.Restore(resumed.Trainer)!.Step);
        resumed.TrainTo(3);
        checkpoints.Save(resumed.Trainer);

        Assert.False(Directory.Exists(unfinished));
        Assert.True(Directory.Exists(foreign));
    }

    [Fact]
    public void Another_model_is_refused_with_names_and_shapes()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        SaveAt(checkpoints, 1);
        using var resumed = new Regression(hidden: 9);

        AssertRefused(checkpoints, resumed, "does not fit the model: tensor W F32 [8, 3] does not fit the parameter W [9 × 3]");
    }

    [Fact]
    public void Another_optimizer_seed_or_precision_is_refused()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        SaveAt(checkpoints, 1);
        using Regression optimizer = new(() => new Sgd(0.1)), seed = new(seed: 2), precision = new(precision: Precision.Double);

        AssertRefused(checkpoints, optimizer, "was made with optimizer Adam; here it is Sgd");
        AssertRefused(checkpoints, seed, "was made with seed 1; here it is 2");
        AssertRefused(checkpoints, precision, "was made with precision Single; here it is Double");
    }

    [Theory]
    [InlineData("{}", "is not a checkpoint of BlasNet")]
    [InlineData("[1]", "is not a checkpoint of BlasNet")]
    [InlineData("""{"format": "something else"}""", "is not a checkpoint of BlasNet")]
    [InlineData("""{"format": "BlasNet checkpoint", "version": 5}""", "was written by a later version of BlasNet (format 5; this one reads 4)")]
    [InlineData("""{"format": "BlasNet checkpoint", "version": 2}""", "was written by an earlier version of BlasNet (format 2; this one reads 4)")]
    public void Another_program_s_manifest_is_refused(string json, string rule)
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        SaveAt(checkpoints, 1, 2);
        File.WriteAllText(Path.Combine(_folder.Path, Folders()[^1], CheckpointFolder.Manifest), json);
        using var resumed = new Regression();

        AssertRefused(checkpoints, resumed, rule);
    }

    [Fact]
    public void Parameters_that_are_not_finite_are_not_saved_over_good_ones()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path, keep: 1);
        using Regression training = new(), resumed = new();
        training.TrainTo(1);
        checkpoints.Save(training.Trainer);
        training.TrainTo(2);
        training.Model.SetValues(training.Model["V"], [.. Enumerable.Repeat(double.NaN, 8)]);

        var error = Assert.Throws<ArithmeticException>(() => checkpoints.Save(training.Trainer));
        Assert.Equal("Parameter V [1 × 8] is infinite or not a number.", error.Message);
        Assert.Equal(1, checkpoints.Restore(resumed.Trainer)!.Step);
    }

    [Fact]
    public void A_training_that_was_not_restored_does_not_write_over_an_earlier_one()
    {
        using (var first = new CheckpointFolder(_folder.Path))
            SaveAt(first, 4);

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
    public void Settings_that_change_rounding_are_told()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        SaveAt(checkpoints, 1);
        using var resumed = new Regression(computeBatch: 2);

        string warning = Assert.Single(checkpoints.Restore(resumed.Trainer)!.Warnings);
        Assert.EndsWith("was made with compute batch 0; now it is 2. Training goes on, but rounds differently", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_of_the_optimizer_and_of_the_objective_are_told_if_they_differ_and_those_of_now_count()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        SaveAt(checkpoints, 1);
        using var resumed = new Regression(() => new Adam(0.5, beta1: 0.8)
        {
            WeightDecay = 0.25,
            ClipNorm = 2,
            ClipValue = 3,
            Schedule = Schedule.WarmUp(4).Then(4, Schedule.Cosine(20, 0.1)) * Schedule.Step(3, 0.5),
        });
        resumed.Trainer.ClipExampleNorm = 1.5;
        resumed.Trainer.OptimizationBatch = 7;
        resumed.Trainer.Weight = _ => 2;
        resumed.Trainer.Regularizer = Regularizer.L2(0.5, resumed.Model["W"]);

        string[] warnings = [.. checkpoints.Restore(resumed.Trainer)!.Warnings];

        Assert.Equal(
        [
            "learning rate 0.02; now it is 0.5", "beta1 0.9; now it is 0.8", "schedule constant; now it is (warm-up(4), after step 4 cosine(20, 0.1))·(step(3, 0.5))", "weight decay 0; now it is 0.25",
            "clip value none; now it is 3", "clip norm none; now it is 2", "optimization batch 5; now it is 7", "weights of examples none; now it is given",
            "clip norm of an example none; now it is 1.5",
            "regulariser none; now it is W = parameter : [8 × 3]; %1 = square W : [8 × 3]; %2 = sum %1 : [1]; %3 = scale(0.25) %2 : [1]",
        ], warnings.Select(warning => warning.Split("was made with ")[1].Replace(". Training goes on with that", "", StringComparison.Ordinal)));
        Assert.Equal((0.5, 2.0), (resumed.Trainer.Optimizer.LearningRate, resumed.Trainer.Optimizer.ClipNorm));
    }

    [Fact]
    public void An_average_is_not_begun_nor_moved_half_way()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        using Regression averaged = new(() => new Adam(0.02) { AverageFrom = 2 }), moved = new(() => new Adam(0.02) { AverageFrom = 3 }), none = new();
        averaged.TrainTo(4);
        checkpoints.Save(averaged.Trainer);

        AssertRefused(checkpoints, moved, "was made with the average over steps from 2; here it is 3");
        AssertRefused(checkpoints, none, "was made with the average over steps from 2; here it is none");
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

    // Gradient descent: the step is the gradient times the rate, so the rate that counted can be seen in the parameters.
    [Theory]
    [InlineData(0.5)]
    [InlineData(0.0)]
    public void A_restored_training_takes_steps_of_its_own_learning_rate(double rate)
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        using Regression training = new(() => new Sgd(0.25), precision: Precision.Double), resumed = new(() => new Sgd(rate), precision: Precision.Double);
        training.TrainTo(1);
        checkpoints.Save(training.Trainer);
        double[] before = [.. training.Values];

        Checkpoint restored = checkpoints.Restore(resumed.Trainer)!;
        training.TrainTo(2);
        resumed.TrainTo(2);

        Assert.Equal(rate, resumed.Trainer.Optimizer.LearningRate);
        Assert.EndsWith($": was made with learning rate 0.25; now it is {rate.ToString(System.Globalization.CultureInfo.InvariantCulture)}. Training goes on with that", Assert.Single(restored.Warnings), StringComparison.Ordinal);
        double[] values = [.. resumed.Values], other = [.. training.Values];
        Assert.All(before.Index(), start => Assert.Equal(start.Item + (other[start.Index] - start.Item) * rate / 0.25, values[start.Index], tolerance: 1e-12));
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

    private static void SaveAt(CheckpointFolder checkpoints, params long[] steps)
    {
        using var training = new Regression();
        foreach (long step in steps)
        {
            training.TrainTo(step);
            checkpoints.Save(training.Trainer);
        }
    }

    private static void AssertRefused(CheckpointFolder checkpoints, Regression resumed, string rule)
    {
        double[] before = resumed.Values;
        var error = Assert.Throws<CheckpointException>(() => checkpoints.Restore(resumed.Trainer));
        Assert.Equal(rule, error.Rule);
        Assert.Equal(before, resumed.Values);
        Assert.Equal(0, resumed.Trainer.StepCount);
    }

    private string[] Folders() => [.. Directory.GetDirectories(_folder.Path, "step-*").Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];
}
