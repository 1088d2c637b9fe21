using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Tests.Kernels;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>Several threads together with a memory budget, clipping by example, and the noise scale.</summary>
[Collection(GemmSettings.Name)]
public sealed class WorkersCombinedTests : IDisposable
{
    private const long MiB = 1 << 20;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<int, string> Combinations => new(
        from workers in new[] { 2, 3 }
        from combination in new[] { "budget", "clip", "noise", "passes", "all" }
        select (workers, combination));

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Combinations))]
    public void They_give_what_one_thread_gives(int workers, string combination)
    {
        using Training alone = new(1, combination, Precision.Double), together = new(workers, combination, Precision.Double);
        alone.Train(8);
        together.Train(8);

        Assert.All(alone.Values.Zip(together.Values), pair => Assert.Equal(pair.First, pair.Second, 1e-10));
        if (combination is "noise" or "all")
            Assert.Equal(alone.Noise!.Variance, together.Noise!.Variance, 1e-10 * alone.Noise.Variance);
    }

    [Theory, MemberData(nameof(Combinations))]
    public void The_same_number_gives_the_same_bits(int workers, string combination)
    {
        using Training first = new(workers, combination), second = new(workers, combination);
        first.Train(8);
        second.Train(8);

        Assert.Equal(first.Values, second.Values);
        Assert.Equal((first.Noise?.Value, first.Noise?.Variance), (second.Noise?.Value, second.Noise?.Variance));
        Assert.Equal(first.Trainer.LastStep, second.Trainer.LastStep);
    }

    [Theory, MemberData(nameof(Combinations))]
    public void A_training_is_resumed_to_the_same_bits_and_the_same_noise(int workers, string combination)
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        using Training undisturbed = new(workers, combination), stopped = new(workers, combination), resumed = new(workers, combination);
        undisturbed.Train(8);
        stopped.Train(3);
        checkpoints.Save(stopped.Trainer);
        Assert.Empty(checkpoints.Restore(resumed.Trainer)!.Warnings);
        resumed.Train(8);

        Assert.Equal(undisturbed.Values, resumed.Values);
        Assert.Equal((undisturbed.Noise?.Steps, undisturbed.Noise?.Value), (resumed.Noise?.Steps, resumed.Noise?.Value));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void All_of_them_together_stay_within_the_budget(int workers)
    {
        using Training free = new(workers, "clip"), bound = new(workers, "clip");
        free.Train(1);
        MicrobatchMemory memory = free.Trainer.LastPassMemory(workers);
        long budget = bound.Trainer.MemoryBudget = workers * (memory.FixedBytes + (memory.Bytes - memory.FixedBytes) / 4);
        bound.Train(3);

        Assert.InRange(bound.Trainer.LastStep.PassBytes, budget / 10, budget);   // a part of the budget is for scratch memory, of which this small network needs little
        Assert.True(bound.Trainer.LastStep.Passes > workers);
    }

    [Fact]
    public void An_example_too_large_for_one_of_them_is_named_with_the_share()
    {
        using var training = new Training(2, "plain");
        training.Trainer.MemoryBudget = 6 * MiB;
        int[] lengths = [3, 4, 3, 5, 9000, 6, 2, 1];

        var error = Assert.Throws<MemoryBudgetException>(() => training.Trainer.Step(lengths));
        Assert.Equal((4, 3 * MiB), (error.Example, error.Budget));
        Assert.Contains("the memory budget is 3,145,728 bytes for each of 2 workers.", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A recurrent network over sequences of some length.</summary>
    private sealed class Training : IDisposable
    {
        private static readonly int[] Lengths = [.. Enumerable.Range(0, 60).Select(i => 1 + (i * 37 % 23))];

        private readonly Model _model;

        public Training(int workers, string combination, Precision precision = Precision.Single)
        {
            _model = new Model(1, precision);
            var words = new Embedding(_model, "words", 24, 50);
            var lstm = new Lstm(_model, "lstm", 24, 24);
            Trainer = new Trainer<int>(_model, Loss, new Adam(0.01)) { Workers = workers, Weight = length => length, Work = length => length };
            bool all = combination == "all";
            if (all || combination == "budget")
                Trainer.MemoryBudget = workers * 3 * MiB;

            if (all || combination == "clip")
                Trainer.ClipExampleNorm = 2;

            if (all || combination == "noise")
                Trainer.NoiseScale = Noise = new GradientNoiseScale();

            if (combination == "passes")
            {
                Trainer.NoiseScale = Noise = new GradientNoiseScale(fromExamples: false);
                Trainer.ComputeBatch = 20;
            }

            Expr Loss(Graph g, int length) =>
                Sum(Square(lstm.Run([.. Enumerable.Range(1, length).Select(i => words.Of(g, i * length % 50))])[^1] - g.Input(new float[24])));
        }

        public Trainer<int> Trainer { get; }

        public GradientNoiseScale? Noise { get; }

        public double[] Values => [.. _model.Parameters.SelectMany(_model.ValuesOf)];

        public void Train(long step)
        {
            while (Trainer.StepCount < step)
                Trainer.Step(Lengths);
        }

        public void Dispose() => _model.Dispose();
    }
}
