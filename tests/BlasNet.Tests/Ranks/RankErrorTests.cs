using BlasNet.Ranks;
using BlasNet.Tests.Kernels;
using BlasNet.Tests.Training;
using BlasNet.Training;

namespace BlasNet.Tests.Ranks;

/// <summary>What goes wrong on one rank ends the step on all, with an error that names the rank or the example.</summary>
[Collection(GemmSettings.Name)]
public sealed class RankErrorTests
{
    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public void An_error_of_the_loss_on_one_rank_is_an_error_on_all_and_nothing_has_changed(int failing)
    {
        (bool[] unchanged, Exception?[] errors) = ThreadRanks.TryRun(3, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            training.Trainer.Step(RankTraining.Lengths);
            double[] before = training.Values;
            training.Seen = _ => throw new InvalidDataException("broken sentence");
            if (ranks.Rank != failing)
                training.Seen = null;

            Exception error = Assert.ThrowsAny<Exception>(() => training.Trainer.Step(RankTraining.Lengths));
            Assert.Equal(ranks.Rank == failing ? "broken sentence" : $"Rank {failing}: broken sentence", error.Message);
            Assert.Equal(before, training.Values);

            training.Seen = null;
            training.Trainer.Step(RankTraining.Lengths);   // and training can go on
            return !before.SequenceEqual(training.Values);
        });

        Assert.All(errors, Assert.Null);
        Assert.All(unchanged, Assert.True);
    }

    [Fact]
    public void A_loss_that_is_not_finite_names_the_example_of_the_epoch_on_every_rank()
    {
        using var workers = new RankTraining(3, ranks: null);
        NonFiniteException expected = TrainBroken(workers);
        NonFiniteException[] ofRanks = ThreadRanks.Run(3, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            return TrainBroken(training);
        });

        Assert.NotNull(expected.Example);
        Assert.All(ofRanks, error => Assert.Equal(
            (expected.Message, expected.Example, expected.Origin, expected.Step), (error.Message, error.Example, error.Origin, error.Step)));

        static NonFiniteException TrainBroken(RankTraining training)
        {
            training.Trainer.DetectAnomalies = true;
            training.IsBroken = length => length == 22;
            return Assert.Throws<NonFiniteException>(() => training.Trainer.Epoch(RankTraining.Lengths));
        }
    }

    [Fact]
    public void An_update_that_would_not_be_finite_is_refused_on_every_rank()
    {
        string[] messages = ThreadRanks.Run(2, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            training.IsBroken = _ => true;
            return Assert.Throws<NonFiniteException>(() => training.Trainer.Step([3, 4, 5])).Message;
        });

        Assert.Equal(messages[0], messages[1]);
    }

    [Fact]
    public void An_example_too_large_for_its_ranks_budget_is_named_on_all()
    {
        MemoryBudgetException[] errors = ThreadRanks.Run(2, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            training.Trainer.MemoryBudget = 3 << 20;
            return Assert.Throws<MemoryBudgetException>(() => training.Trainer.Step([3, 4, 3, 5, 9000, 6, 2, 1]));
        });

        Assert.All(errors, error => Assert.Equal((4, 3L << 20), (error.Example, error.Budget)));
    }

    public static TheoryData<string, string> Differences => new()
    {
        { "seed", "the seed is 7; on rank 0 it is 1." },
        { "batch", "optimization batch is 5; on rank 0 it is 16." },
        { "rate", "learning rate is 0.5; on rank 0 it is 0.01." },
        { "values", "the checksum of the parameters is " },
        { "data", "the number of examples is 60; on rank 0 it is 61." },
        { "clip", "clip norm of an example is 0.1; on rank 0 it is none." },
        { "precision", "the precision is Double; on rank 0 it is Single." },
        { "own", "the optimizer is OwnMomentum; on rank 0 it is Adam." },
        { "norm", "clip norm is 0.5; on rank 0 it is none." },
        { "groups", "parameter groups is lstm.Uifou: frozen; words.E, often: learning rate × 0.5, weight decay 0.1; on rank 0 it is none." },
        { "noise", "noise scale is examples, decay 0.95; on rank 0 it is none." },
        { "penalty", "regulariser is " },
        { "steps", "the position is epoch 0, step 1, example 0; on rank 0 it is epoch 0, step 0, example 0." },
    };

    [Theory, MemberData(nameof(Differences))]
    public void Ranks_that_do_not_fit_together_say_what_differs(string what, string message)
    {
        string[] messages = ThreadRanks.Run(3, ranks =>
        {
            bool isOther = ranks.Rank == 1;
            using var training = new RankTraining(1, ranks, isOther ? what : "plain",
                isOther && what == "precision" ? Precision.Double : Precision.Single, seed: isOther && what == "seed" ? 7 : 1);
            ReadOnlySpan<int> data = RankTraining.Lengths;
            if (isOther)
                Change(training, what, ref data);

            int[] examples = data.ToArray();
            return Assert.Throws<CommunicatorException>(() => training.Trainer.Epoch(examples, cancellation: TestContext.Current.CancellationToken)).Message;
        });

        Assert.All(messages, text => Assert.StartsWith($"Rank 1: {message}", text, StringComparison.Ordinal));
    }

    private static void Change(RankTraining training, string what, ref ReadOnlySpan<int> data)
    {
        switch (what)
        {
            case "batch":
                training.Trainer.OptimizationBatch = 5;
                break;
            case "rate":
                training.Trainer.Optimizer.LearningRate = 0.5;
                break;
            case "values":
                double[] values = training.Model.ValuesOf(training.Model["often"]);
                values[3]++;
                training.Model.SetValues(training.Model["often"], values);
                break;
            case "data":
                data = data[1..];
                break;
            case "steps":
                Communicator? ranks = training.Trainer.Communicator;
                training.Trainer.Communicator = null;
                training.Trainer.Step(data);
                training.Trainer.Communicator = ranks;
                break;
        }
    }

    [Fact]
    public void Steps_of_other_examples_are_refused_before_gradients_are_added()
    {
        string[] messages = ThreadRanks.Run(2, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            training.Trainer.Step([3, 4, 5, 6]);
            int[] examples = ranks.Rank == 0 ? [1, 20, 3, 4] : [1, 2, 30, 4];
            return Assert.Throws<CommunicatorException>(() => training.Trainer.Step(examples)).Message;
        });

        Assert.All(messages, message => Assert.Contains("All ranks must have the same examples in the same order.", message, StringComparison.Ordinal));
    }

    [Theory, InlineData(0), InlineData(1)]
    public void A_cancellation_on_one_rank_stops_all_after_the_same_step(int asked)
    {
        (long Step, double[] Values)[] ends = ThreadRanks.Run(2, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            using var source = new CancellationTokenSource();
            var stop = new OnStep(_ =>
            {
                if (ranks.Rank == asked && training.Trainer.StepCount == 2)
                    source.Cancel();
            });
            Assert.Throws<OperationCanceledException>(() => training.Trainer.Epoch(RankTraining.Lengths, stop, source.Token));
            return (training.Trainer.StepCount, training.Values);
        });

        Assert.Equal(3, ends[0].Step);
        Assert.Equal(ends[0].Step, ends[1].Step);
        Assert.Equal(ends[0].Values, ends[1].Values);
    }

    [Fact]
    public void An_epoch_that_was_cancelled_before_makes_no_step()
    {
        long[] steps = ThreadRanks.Run(2, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            Assert.Throws<OperationCanceledException>(() => training.Trainer.Epoch(RankTraining.Lengths, null, new CancellationToken(ranks.Rank == 1)));
            return training.Trainer.StepCount;
        });

        Assert.Equal([0, 0], steps);
    }
}
