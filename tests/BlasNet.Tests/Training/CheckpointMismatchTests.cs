using BlasNet.Kernels;
using BlasNet.Tests.Kernels;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>Checkpoints of another training: refused where they do not fit, reported where only settings differ.</summary>
[Collection(GemmSettings.Name)]
public sealed class CheckpointMismatchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Another_model_is_refused_with_names_and_shapes()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        Regression.SaveAt(checkpoints, 1);
        using var resumed = new Regression(hidden: 9);

        AssertRefused(checkpoints, resumed, "does not fit the model: tensor W F32 [8, 3] does not fit the parameter W [9 × 3]");
    }

    [Fact]
    public void Another_optimizer_seed_or_precision_is_refused()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        Regression.SaveAt(checkpoints, 1);
        using Regression optimizer = new(() => new Sgd(0.1)), seed = new(seed: 2), precision = new(precision: Precision.Double);

        AssertRefused(checkpoints, optimizer, "was made with optimizer Adam; here it is Sgd");
        AssertRefused(checkpoints, seed, "was made with seed 1; here it is 2");
        AssertRefused(checkpoints, precision, "was made with precision Single; here it is Double");
    }

    [Theory]
    [InlineData(Precision.Single)]
    [InlineData(Precision.Double)]
    public void Its_kernels_are_those_of_the_models_precision(Precision precision)
    {
        using var training = new Regression(precision: precision);
        string single = Gemm.Describe<float>(), ofDouble = Gemm.Describe<double>();
        Assert.NotEqual(single, ofDouble);
        Assert.Equal(precision == Precision.Single ? single : ofDouble, ((ITrainerState)training.Trainer).Rounding["kernels"]);
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
        Regression.SaveAt(checkpoints, 1, 2);
        File.WriteAllText(Path.Combine(_folder.Path, "step-0000000002-epoch-0000", CheckpointFolder.Manifest), json);
        using var resumed = new Regression();

        AssertRefused(checkpoints, resumed, rule);
    }

    [Fact]
    public void Settings_that_change_rounding_are_told()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        Regression.SaveAt(checkpoints, 1);
        using var resumed = new Regression(computeBatch: 2);

        string warning = Assert.Single(checkpoints.Restore(resumed.Trainer)!.Warnings);
        Assert.EndsWith("was made with compute batch 0; now it is 2. Training goes on, but rounds differently", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_of_the_optimizer_and_of_the_objective_are_told_if_they_differ_and_those_of_now_count()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        Regression.SaveAt(checkpoints, 1);
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
            "learning rate 0.02; now it is 0.5", "beta1 0.9; now it is 0.8",
                "schedule constant; now it is (warm-up(4), after step 4 cosine(20, 0.1))·(step(3, 0.5))", "weight decay 0; now it is 0.25",
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

    public void Dispose() => _folder.Dispose();

    private static void AssertRefused(CheckpointFolder checkpoints, Regression resumed, string rule)
    {
        double[] before = resumed.Values;
        var error = Assert.Throws<CheckpointException>(() => checkpoints.Restore(resumed.Trainer));
        Assert.Equal(rule, error.Rule);
        Assert.Equal(before, resumed.Values);
        Assert.Equal(0, resumed.Trainer.StepCount);
    }
}
