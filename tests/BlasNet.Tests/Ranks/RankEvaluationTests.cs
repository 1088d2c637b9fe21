using BlasNet.Kernels;
using BlasNet.Ranks;
using BlasNet.Tests.Kernels;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Ranks;

/// <summary>Evaluations, each rank a part of every pass, all results on all ranks and in order.</summary>
[Collection(GemmSettings.Name)]
public sealed class RankEvaluationTests
{
    [Theory, InlineData(1, 16), InlineData(2, 16), InlineData(3, 4), InlineData(4, 1), InlineData(3, 1000)]
    public void Ranks_give_the_bits_of_workers(int count, int computeBatch)
    {
        float[][] expected = Evaluate(count, null, computeBatch, stream: false);
        float[][][] ofRanks = ThreadRanks.Run(count, ranks => Evaluate(1, ranks, computeBatch, stream: ranks.Size == 3));

        Assert.All(ofRanks, mine => Assert.Equal(expected, mine));
    }

    [Fact]
    public void A_training_with_evaluations_between_gives_the_bits_of_workers()
    {
        using var workers = new RankTraining(3, ranks: null);
        double[] expected = TrainAndEvaluate(workers, 3, null);
        double[][] ofRanks = ThreadRanks.Run(3, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            return TrainAndEvaluate(training, 1, ranks);
        });

        Assert.All(ofRanks, mine => Assert.Equal(expected, mine));
    }

    /// <summary>So that ranks choose the kernels that workers would.</summary>
    [Fact]
    public void Uses_of_weights_are_counted_over_all_ranks_once()
    {
        using var packed = new UsingMode(GemmKernels.Packed);   // which counts each product with a weight
        PackingUses[] expected = CountUses(2, null);
        Assert.Contains(expected, uses => uses != default);
        Assert.All(ThreadRanks.Run(2, ranks => CountUses(1, ranks)), mine => Assert.Equal(expected, mine));

        static PackingUses[] CountUses(int workers, Communicator? ranks)
        {
            using var training = new RankTraining(1, ranks);
            var evaluator = new Evaluator<int>(training.Model, training.Loss) { Workers = workers, Communicator = ranks, ComputeBatch = 8 };
            for (int run = 0; run < 3; run++)
                evaluator.Run(RankTraining.Lengths, (_, _) => { });

            return [.. training.Model.Parameters.Select(training.Model.PackingUsesOf)];
        }
    }

    [Fact]
    public void An_error_on_one_rank_ends_the_run_on_all()
    {
        string[] messages = ThreadRanks.Run(3, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            var evaluator = new Evaluator<int>(
                training.Model,
                (g, length) => length == 23 ? throw new InvalidDataException("too long") : Sum(g.Use(training.Model["often"])) * (double)length)
            {
                Communicator = ranks,
            };
            return Assert.ThrowsAny<Exception>(() => evaluator.Run(RankTraining.Lengths, (_, _) => { }, TestContext.Current.CancellationToken)).Message;
        });

        Assert.Single(messages, message => message == "too long");
        Assert.Equal(2, messages.Count(message => message.EndsWith(": too long", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_cancellation_on_one_rank_ends_the_run_on_all_after_the_same_pass()
    {
        int[] handed = ThreadRanks.Run(2, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            using var source = new CancellationTokenSource();
            var evaluator = new Evaluator<int>(training.Model, (g, length) => Sum(g.Use(training.Model["often"])) * (double)length)
            {
                Communicator = ranks,
                ComputeBatch = 5,
            };
            int count = 0;
            Assert.Throws<OperationCanceledException>(() => evaluator.Run(RankTraining.Lengths, (example, _) => Take(example), source.Token));
            return count;

            void Take(int example)
            {
                Assert.Equal(count++, example);
                if (ranks.Rank == 1 && example == 12)
                    source.Cancel();
            }
        });

        Assert.Equal([30, 30], handed);
    }

    private static double[] TrainAndEvaluate(RankTraining training, int workers, Communicator? ranks)
    {
        var evaluator = new Evaluator<int>(training.Model, training.Loss) { Workers = workers, Communicator = ranks, ComputeBatch = 4 };
        List<double> all = [];
        for (int epoch = 0; epoch < 2; epoch++)
        {
            training.Trainer.Epoch(RankTraining.Lengths);
            evaluator.Run(RankTraining.Lengths, (_, value) => all.Add(value[0]));
        }

        return [.. all, .. training.Values];
    }

    private static float[][] Evaluate(int workers, Communicator? ranks, int computeBatch, bool stream)
    {
        using var training = new RankTraining(1, ranks);
        var evaluator = new Evaluator<int>(
            training.Model, (g, length) => length % 2 == 0 ? g.Use(training.Model["often"]) * (double)length : training.Loss(g, length))
        {
            Workers = workers,
            Communicator = ranks,
            ComputeBatch = computeBatch,
        };
        List<float[]> results = [];
        if (stream)
            evaluator.Run(RankTraining.Lengths.Select(length => length), Take);
        else
            evaluator.Run(RankTraining.Lengths, Take);

        return [.. results];

        void Take(int example, ReadOnlySpan<float> value)
        {
            Assert.Equal(results.Count, example);
            results.Add(value.ToArray());
        }
    }
}
