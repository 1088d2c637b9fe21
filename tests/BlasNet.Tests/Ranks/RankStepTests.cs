using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Ranks;
using BlasNet.Tests.Training;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Ranks;

/// <summary>N ranks give what N workers give, to the bit.</summary>
public sealed class RankStepTests
{
    public static TheoryData<int, string, Precision> Combinations => new(
        from ranks in new[] { 1, 2, 3, 4 }
        from combination in new[] { "plain", "norm", "clip", "noise", "passes", "batch", "penalty", "average", "own", "groups", "all" }
        select (ranks, combination, ranks == 3 ? Precision.Double : Precision.Single));

    [Theory, MemberData(nameof(Combinations))]
    public void So_many_ranks_give_the_bits_of_so_many_workers(int count, string combination, Precision precision)
    {
        using var workers = new RankTraining(count, ranks: null, combination, precision);
        (double[] values, string summary) = workers.TrainEpochs(2);
        (double[] Values, string Summary)[] ofRanks = ThreadRanks.Run(count, ranks =>
        {
            using var training = new RankTraining(1, ranks, combination, precision);
            return training.TrainEpochs(2);
        });

        Assert.All(ofRanks, rank => Assert.Equal(summary, rank.Summary));
        Assert.All(ofRanks, rank => Assert.Equal(values, rank.Values));
    }

    [Fact]
    public void A_step_of_fewer_examples_than_ranks_leaves_some_without_a_part()
    {
        using var workers = new RankTraining(5, ranks: null);
        int[][] steps = [[3, 4, 5, 6, 7, 8], [9, 2], [5], [1, 2, 3], [4]];
        double[] losses = [.. steps.Select(step => workers.Trainer.Step(step))];
        double[][] ofRanks = ThreadRanks.Run(5, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            double[] mine = [.. steps.Select(step => training.Trainer.Step(step))];
            Assert.Equal(workers.Values, training.Values);
            return mine;
        });

        Assert.All(ofRanks, mine => Assert.Equal(losses, mine));
    }

    [Fact]
    public void Each_rank_sees_its_part_only_and_all_examples_are_seen_once()
    {
        List<int>[] seen = ThreadRanks.Run(3, ranks =>
        {
            List<int> mine = [];
            using var training = new RankTraining(1, ranks) { Seen = length => mine.Add(length) };
            training.Trainer.Step(RankTraining.Lengths);
            return mine;
        });

        Assert.Equal(RankTraining.Lengths, seen.SelectMany(mine => mine));
        int work = RankTraining.Lengths.Sum();
        Assert.All(seen, mine => Assert.InRange(mine.Sum(), work / 3 - 23, work / 3 + 23));
    }

    [Theory]
    [InlineData(true, "32 48 61 61")]
    [InlineData(false, "16 32 48 61")]
    public void A_rank_that_waits_prepares_its_part_of_the_next_step(bool preparesAhead, string seenAfterEachStep)
    {
        int[][] seen = ThreadRanks.Run(3, ranks =>
        {
            int count = 0;
            List<int> counts = [];
            using var training = new RankTraining(1, ranks) { Seen = _ => count++, Trainer = { PrepareAhead = preparesAhead } };
            training.Trainer.Epoch(RankTraining.Lengths, new OnStep(_ => counts.Add(count)), TestContext.Current.CancellationToken);
            return counts.ToArray();
        });

        Assert.Equal(seenAfterEachStep, string.Join(' ', Enumerable.Range(0, 4).Select(step => seen.Sum(counts => counts[step]))));
    }

    [Fact]
    public void An_error_of_preparing_the_next_step_comes_at_that_step_on_all_ranks()
    {
        long[] steps = ThreadRanks.Run(2, ranks =>
        {
            RankTraining training = null!;
            training = new RankTraining(1, ranks)
            {
                Seen = _ => _ = ranks.Rank == 1 && training.Trainer.StepCount == 2 ? throw new FormatException("no example") : 0,
            };
            var error = Assert.ThrowsAny<Exception>(() => training.Trainer.Epoch(RankTraining.Lengths, null, TestContext.Current.CancellationToken));
            Assert.Contains("no example", error.Message, StringComparison.Ordinal);
            training.Dispose();
            return training.Trainer.StepCount;
        });

        Assert.Equal([2, 2], steps);
    }

    [Fact]
    public void Of_a_table_only_the_columns_travel_that_a_step_touches()
    {
        const int Words = 100_000, Length = 8, Examples = 40;
        long[] bytes = ThreadRanks.Run(2, ranks =>
        {
            using var model = new Model(1);
            var words = new Embedding(model, "words", Length, Words);
            var trainer = new Trainer<int>(model, (g, word) => Sum(Square(words.Of(g, word))), new Sgd(0.1)) { Communicator = ranks };
            int[] step = [.. Enumerable.Range(0, Examples).Select(i => i * 977)];
            trainer.Step(step);
            long before = ThreadRanks.GivenBytes(ranks);
            trainer.Step(step);
            return ThreadRanks.GivenBytes(ranks) - before;
        });

        // The rank's part of the step, its part of the sum, a bit for every word, and the message of the step.
        int columns = sizeof(float) * Length * Examples / 2;
        Assert.All(bytes, sent => Assert.InRange(sent, 2 * columns + Words / 8, 2 * columns + Words / 8 + 1000));
    }

    [Fact]
    public void What_a_step_sends_follows_from_the_traffic_of_each_part_alone()
    {
        int[] step = [3, 9, 4, 1, 12, 7, 2, 2, 5];
        long[] given = ThreadRanks.Run(3, ranks =>
        {
            using var training = new RankTraining(1, ranks);
            training.Trainer.Step(step);
            long before = ThreadRanks.GivenBytes(ranks);
            training.Trainer.Step(step);
            return ThreadRanks.GivenBytes(ranks) - before;
        });

        RankTraffic TrafficOf(params int[] examples)
        {
            using var training = new RankTraining(1, ranks: null);
            training.Trainer.Step(examples);
            return training.Trainer.Accumulator.Traffic;
        }

        int[] bounds = new int[4];
        WorkDivision.Divide<int>(step, length => length, bounds);
        RankTraffic whole = TrafficOf(step);
        long parts = Enumerable.Range(0, 3).Sum(part => TrafficOf(step[bounds[part]..bounds[part + 1]]).GradientBytes);
        Assert.Equal(500 / 64 * 8 + 8, whole.ColumnBytes);
        Assert.True(whole.Ranges > 1 && parts < 3 * whole.GradientBytes);
        Assert.Equal(3 * (whole.MessageBytes + whole.ColumnBytes) + parts + whole.GradientBytes, given.Sum());
    }

    [Fact]
    public void A_gradient_longer_than_a_slab_is_added_in_pieces()
    {
        double[] Train(int workers, Communicator? ranks)
        {
            using var model = new Model(1);
            Parameter table = model.Weight("table", 3, 1_500_000), w = model.Weight("w", 1, 3);   // more than a slab's elements
            var trainer = new Trainer<int>(model, (g, i) => Sum(Square(w * Lookup(g.Use(table), i))) + Sum(g.Use(table)) * 1e-6, new Sgd(0.1))
            {
                Workers = workers,
                Communicator = ranks,
            };
            trainer.Step([1, 2, 3, 700_000, 5]);
            return [.. model.ValuesOf(table).Where((_, i) => i % 999 == 0), .. model.ValuesOf(w)];
        }

        double[] expected = Train(2, null);
        Assert.All(ThreadRanks.Run(2, ranks => Train(1, ranks)), values => Assert.Equal(expected, values));
    }

    [Fact]
    public void Workers_on_each_rank_give_the_same_but_for_rounding()
    {
        using var workers = new RankTraining(4, ranks: null, precision: Precision.Double);
        double[] values = workers.TrainEpochs(1).Values;
        double[][] ofRanks = ThreadRanks.Run(2, ranks =>
        {
            using var training = new RankTraining(1, ranks, precision: Precision.Double) { Trainer = { Workers = 2 } };
            return training.TrainEpochs(1).Values;
        });

        Assert.Equal(ofRanks[0], ofRanks[1]);
        Assert.All(values.Zip(ofRanks[0]), pair => Assert.Equal(pair.First, pair.Second, 1e-10));
    }
}
