using System.Collections.Concurrent;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Layers;
using BlasNet.Memory;
using BlasNet.Tests.Kernels;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>Steps on several threads.</summary>
[Collection(GemmSettings.Name)]
public sealed class WorkersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(2, 0)]
    [InlineData(2, 3)]
    [InlineData(3, 0)]
    [InlineData(7, 2)]   // more than some steps have examples
    public void The_same_number_gives_the_same_bits(int workers, int computeBatch)
    {
        using Regression first = New(workers, Precision.Single, computeBatch), second = New(workers, Precision.Single, computeBatch);

        Assert.Equal(first.TrainTo(40), second.TrainTo(40));
        Assert.Equal(first.Values, second.Values);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Another_number_gives_the_same_but_for_rounding(int workers)
    {
        using Regression alone = New(1, Precision.Double), together = New(workers, Precision.Double);

        Assert.All(alone.TrainTo(25).Zip(together.TrainTo(25)), pair => Assert.Equal(pair.First, pair.Second, 1e-10));
        Assert.All(alone.Values.Zip(together.Values), pair => Assert.Equal(pair.First, pair.Second, 1e-8));
    }

    [Fact]
    public void Words_looked_up_weights_and_a_regulariser_count_as_on_one_thread()
    {
        (double[] values, double objective) Train(int workers)
        {
            using var model = new Model(1, Precision.Double);
            var words = new Embedding(model, "words", size: 4, vocabulary: 50);
            Parameter w = model.Weight("W", 3, 4);
            var trainer = new Trainer<int[]>(model, (g, sentence) =>
                Total([.. sentence.Select(word => CrossEntropy(w * words.Of(g, word), word % 3))]), new Adam(0.05) { ClipNorm = 0.5 })
            {
                Workers = workers,
                Weight = sentence => sentence.Length,
                Work = sentence => sentence.Length,
                Regularizer = g => Sum(Square(g.Use(w))) * 0.01,
            };
            int[][] sentences = [.. Enumerable.Range(1, 11).Select(i => Enumerable.Range(i, 1 + i % 4).Select(j => j * 7 % 40).ToArray())];
            for (int step = 0; step < 10; step++)
                trainer.Step(sentences);

            return ([.. model.Parameters.SelectMany(model.ValuesOf)], trainer.LastStep.Objective);
        }

        (double[] expected, double objective) = Train(1);
        foreach (int workers in new[] { 2, 3 })
        {
            (double[] values, double actual) = Train(workers);
            Assert.Equal(objective, actual, 1e-12);
            Assert.All(expected.Zip(values), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
        }
    }

    [Fact]
    public void A_training_with_workers_is_resumed_to_the_same_bits_and_another_number_is_told()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        using Regression undisturbed = New(2, Precision.Single), stopped = New(2, Precision.Single), resumed = New(2, Precision.Single), other = New(3, Precision.Single);
        undisturbed.TrainTo(17);
        stopped.TrainTo(8);
        checkpoints.Save(stopped.Trainer);

        Assert.Empty(checkpoints.Restore(resumed.Trainer)!.Warnings);
        resumed.TrainTo(17);
        Assert.Equal(undisturbed.Values, resumed.Values);
        Assert.Contains("was made with workers 2; now it is 3", Assert.Single(checkpoints.Restore(other.Trainer)!.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_have_equal_work_rather_than_equal_numbers()
    {
        var work = new ConcurrentDictionary<Graph, int>();
        using var model = new Model();
        Parameter w = model.Weight("w", 1, 2);
        var trainer = new Trainer<int>(
            model,
            (g, size) =>
            {
                work.AddOrUpdate(g, size, (_, before) => before + size);
                return Square(w * g.Input([1.0, size]));
            },
            new Sgd(0))
        {
            Workers = 3,
            Work = size => size,
        };

        trainer.Step([1, 1, 1, 30, 1, 1, 1, 1, 1, 1, 1, 20, 10, 1, 1, 1, 17]);

        Assert.Equal(3, work.Count);
        Assert.True(work.Values.Max() - work.Values.Min() <= 30, string.Join(' ', work.Values));
        Assert.All(work.Values, sum => Assert.InRange(sum, 15, 45));
    }

    [Fact]
    public void Products_of_a_worker_are_not_divided_any_further()
    {
        using var threads = new ThreadCount(2);
        ConcurrentBag<int> counts = [];
        using var model = new Model();
        Parameter w = model.Weight("w", 1, 2);
        var trainer = new Trainer<int>(
            model,
            (g, x) =>
            {
                counts.Add(ComputeThreads.Count);
                return Square(w * g.Input([1.0, x]));
            },
            new Sgd(0))
        { Workers = 2 };
        trainer.Step([1, 2, 3, 4]);

        Assert.All(counts, count => Assert.Equal(1, count));
        Assert.Equal(2, ComputeThreads.Count);
    }

    [Fact]
    public void An_error_within_one_part_comes_out_and_the_trainer_stays_usable()
    {
        using var model = new Model();
        Parameter w = model.Weight("w", 1, 2);
        var trainer = new Trainer<int>(
            model, (g, x) => x == 5 ? throw new FormatException("five") : Square(w * g.Input([1.0, x])), new Sgd(0.001))
        { Workers = 3 };

        Assert.Equal("five", Assert.Throws<FormatException>(() => trainer.Step([1, 2, 3, 4, 5, 6])).Message);
        Assert.Equal(0, trainer.StepCount);
        Assert.True(double.IsFinite(trainer.Step([1, 2, 3, 4, 6])));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_loss_that_is_not_finite_is_found_in_whichever_part_it_is(bool detectAnomalies)
    {
        using var model = new Model();
        Parameter w = model.Weight("w", 1, 2);
        double[] examples = [1, 2, 3, 4, 5, 6, 7];
        for (int bad = 0; bad < examples.Length; bad++)
        {
            var trainer = new Trainer<double>(model, (g, x) => Log(g.Input(x)) * (w * g.Input([1.0, x])), new Sgd(0.001)) { Workers = 3, DetectAnomalies = detectAnomalies };
            double[] step = [.. examples];
            step[bad] = -1;

            var error = Assert.Throws<NonFiniteException>(() => trainer.Step(step));

            Assert.Equal(bad, error.Example);
            Assert.Contains("log", error.Origin, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_step_allocates_nothing_once_it_is_going()
    {
        using var model = new Model();
        Parameter w = model.Weight("w", 16, 2), v = model.Weight("v", 1, 16);
        float[][] inputs = [.. Enumerable.Range(0, 32).Select(i => new[] { 1f, i })];
        var trainer = new Trainer<int>(model, (g, i) => Square(v * Tanh(w * g.Input(inputs[i]))), new Adam()) { Workers = 2 };
        int[] step = [.. Enumerable.Range(0, 32)];
        Train(20);
        Allocations.AssertNoneByAnyThread(() => Train(50));

        void Train(int steps)
        {
            for (int i = 0; i < steps; i++)
                trainer.Step(step);
        }
    }

    [Fact]
    public void Segments_are_divided_into_parts_of_equal_length_in_order()
    {
        var random = new Random(1);
        for (int round = 0; round < 200; round++)
        {
            List<Segment> segments = [];
            for (int start = 16 * random.Next(4), i = random.Next(6); i > 0; i--)
            {
                segments.Add(new Segment(start, 1 + random.Next(200)));
                start = segments[^1].End + 1 + random.Next(50);
            }

            List<Segment>[] parts = [.. Enumerable.Range(0, 1 + random.Next(4)).Select(_ => new List<Segment>())];
            Segment.Split(segments.ToArray(), parts);

            Assert.Equal(segments.SelectMany(Elements), parts.SelectMany(part => part).SelectMany(Elements));
            int all = segments.Sum(segment => segment.Length);
            Assert.All(parts, part => Assert.True(part.Sum(segment => segment.Length) <= all / parts.Length + 17));
        }

        static IEnumerable<int> Elements(Segment segment) => Enumerable.Range(segment.Start, segment.Length);
    }

    [Fact]
    public void Misuse_is_an_error_at_once()
    {
        using Regression training = New(1, Precision.Single);
        Assert.Throws<ArgumentOutOfRangeException>(() => training.Trainer.Workers = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => training.Trainer.Workers = 257);
        training.Trainer.Workers = 2;
        training.Trainer.Work = _ => -1;
        Assert.Throws<InvalidOperationException>(() => training.Trainer.Step([1, 2, 3]));
    }

    private static Regression New(int workers, Precision precision, int computeBatch = 0)
    {
        var training = new Regression(precision: precision, computeBatch: computeBatch);
        training.Trainer.Workers = workers;
        return training;
    }
}
