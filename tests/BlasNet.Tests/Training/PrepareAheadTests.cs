using System.Collections;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Tests.Kernels;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>Passes prepared by another thread while one is computed: the same training, step by step.</summary>
[Collection(GemmSettings.Name)]
public sealed class PrepareAheadTests : IDisposable
{
    private const int Examples = 70;

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
        using Training ahead = new(true, combination, awaits: true), alone = new(false, combination);
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
        using var training = new Training(true, combination);
        training.Trainer.ComputeBatch = 4;
        training.Trainer.Step([.. Enumerable.Range(3, 20)]);
        training.Trainer.Step([.. Enumerable.Range(30, 6)]);

        Assert.Equal([.. Enumerable.Range(3, 20), .. Enumerable.Range(30, 6)], training.Seen.Select(seen => seen.Example));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_prepared_for_other_groups_or_another_position_is_not_used(bool restores)
    {
        double[] Train(bool isAhead)
        {
            using var checkpoints = new CheckpointFolder(_folder.File($"{isAhead} {restores}"));
            using var training = new Training(isAhead, awaits: isAhead);
            int[] first = [.. Enumerable.Range(3, 12)], second = [.. Enumerable.Range(20, 12)];
            checkpoints.Save(training.Trainer);
            training.Trainer.Step(first, second);
            if (restores)
                checkpoints.Restore(training.Trainer);   // the next step is the first one again, with its dropout
            else
                training.Trainer.Groups = [ParameterGroup.Frozen(training.Words)];

            training.Trainer.Step(second, first);
            training.Trainer.Groups = [];
            training.Trainer.Step(first, null);
            return training.Values;
        }

        Assert.Equal(Train(isAhead: false), Train(isAhead: true));
    }

    [Fact]
    public void An_epoch_prepares_nothing_beyond_its_end()
    {
        using var training = new Training(true);
        training.Epoch();

        Assert.Equal(Enumerable.Range(0, Examples), training.Seen.Select(seen => seen.Example).Order());
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
            using var training = new Training(isAhead, kind == "budget" ? "tight budget" : "passes");
            training.Trainer.Weight = example => example == training.Bad && kind == "weight" ? -1 : 1;
            List<string> errors = [];
            for (int bad = 0; bad < Examples; bad += 9)
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
        using Training undisturbed = new(true, combination), stopped = new(true, combination), resumed = new(true, combination);
        undisturbed.Epoch();
        undisturbed.Epoch();
        for (int step = 1; step <= 3; step++)
        {
            using var source = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => stopped.Epoch(new Handler(_ => source.Cancel()), source.Token));
            Assert.Equal(step, stopped.Trainer.StepCount);
            Assert.Equal(step * stopped.Trainer.OptimizationBatch, stopped.Trainer.EpochDone);
        }

        checkpoints.Save(stopped.Trainer);
        Assert.Empty(checkpoints.Restore(resumed.Trainer)!.Warnings);
        foreach (Training training in new[] { stopped, resumed })
        {
            training.Epoch();
            training.Epoch();
            Assert.Equal(undisturbed.Values, training.Values);
        }
    }

    [Fact]
    public void What_a_handler_changes_counts_from_the_next_step_on()
    {
        double[] Train(bool isAhead)
        {
            using var training = new Training(isAhead, "passes");
            Trainer<int> trainer = training.Trainer;
            training.Epoch(new Handler(_ =>
            {
                int step = (int)trainer.StepCount;
                if (step % 2 == 0)
                    trainer.OptimizationBatch = 5 + step;
                else if (step % 3 == 0)
                    trainer.ComputeBatch = step;
                else if (step == 5)
                    trainer.ClipExampleNorm = 0.1;
                else if (step == 7)
                    trainer.Weight = example => 1 + example;
            }));
            return training.Values;
        }

        Assert.Equal(Train(isAhead: false), Train(isAhead: true));
    }

    [Fact]
    public void Steps_that_a_handler_makes_are_not_those_of_the_epoch()
    {
        double[] Train(bool isAhead)
        {
            using var training = new Training(isAhead);
            training.Epoch(new Handler(_ => training.Trainer.Step([1, 2, 3])));
            return training.Values;
        }

        Assert.Equal(Train(isAhead: false), Train(isAhead: true));
    }

    [Fact]
    public void What_was_prepared_for_a_step_that_does_not_come_teaches_nothing()
    {
        Assert.Equal(SizesAfter(isAhead: false), SizesAfter(isAhead: true));

        static MicrobatchSizes SizesAfter(bool isAhead)
        {
            using var training = new Training(isAhead, "tight budget", awaits: isAhead);
            training.Trainer.Step([1, 2, 3, 4], next: [.. Enumerable.Range(20, 20)]);
            training.Trainer.Step([5, 6]);
            return ((ITrainerState)training.Trainer).Position.PassSizes;
        }
    }

    [Theory]
    [InlineData("count")]
    [InlineData("last step")]
    [InlineData("values")]
    [InlineData("evaluation")]
    public void A_loss_that_depends_on_what_steps_change_sees_it_as_it_will_be(string what)
    {
        (double[] Values, int Elsewhere) Train(bool isAhead)
        {
            using var model = new Model(1);
            Parameter w = model.Weight("w", 300, 300), v = model.Weight("v", 1, 300);
            float[] ones = [.. Enumerable.Repeat(1f, 300)];
            int caller = Environment.CurrentManagedThreadId, elsewhere = 0;
            var evaluator = new Evaluator<int>(model, (g, _) => v * g.Input(ones));
            Trainer<int> trainer = null!;
            trainer = new Trainer<int>(model, (g, i) =>
            {
                double known = what switch
                {
                    "count" => trainer.StepCount,
                    "last step" => trainer.LastStep.Loss,
                    "values" => model.ValuesOf(v)[0],
                    _ => Evaluate(i),
                };
                elsewhere += Environment.CurrentManagedThreadId == caller ? 0 : 1;
                return Square(v * Tanh(w * g.Input(ones)) - g.Input(Math.Sin(known + i)));
            }, new Sgd(0.001))
            { OptimizationBatch = 24, PrepareAhead = isAhead };
            trainer.Epoch([.. Enumerable.Range(0, 240)], cancellation: TestContext.Current.CancellationToken);
            return ([.. model.Parameters.SelectMany(model.ValuesOf)], elsewhere);

            double Evaluate(int example)
            {
                double result = 0;
                evaluator.Run([example], (_, value) => result = value[0], TestContext.Current.CancellationToken);
                return result;
            }
        }

        (double[] expected, _) = Train(isAhead: false);
        (double[] actual, int elsewhere) = Train(isAhead: true);

        Assert.Equal(expected, actual);
        Assert.True(what == "count" || elsewhere == 0);
    }

    [Fact]
    public void Functions_of_the_user_s_never_run_side_by_side()
    {
        int running = 0;
        using var training = new Training(true, "passes", awaits: true);
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
        training.Epoch(new Handler(_ => Alone()));
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
        using (var training = new Training(true, "passes"))
        {
            training.Epoch();
            Assert.Equal(0, training.SeenElsewhere);
        }

        using var workers = new Training(true);
        workers.Trainer.Workers = 2;
        List<int> seen = [];
        workers.AtLoss = () =>
        {
            lock (seen)
                seen.Add(0);
        };
        workers.Epoch(new Handler(progress => Assert.Equal(progress.Examples, seen.Count)));
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
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Train(50);

        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 16_384);   // the runtime's own; 50 steps of 32 examples would leave far more
    }

    private sealed class Handler(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => action(value);
    }

    /// <summary>A recurrent network with dropout over sequences of some length, and what its loss function sees.</summary>
    private sealed class Training : IDisposable
    {
        private readonly Model _model = new(1);
        private readonly List _data;

        public Training(bool isAhead, string combination = "plain", bool awaits = false)
        {
            var words = new Embedding(_model, "words", 64, 50);
            var lstm = new Lstm(_model, "lstm", 64, 128);
            Words = _model["words.E"];
            int caller = Environment.CurrentManagedThreadId;
            ComputeOptions options = combination switch
            {
                "no plans kept" => new ComputeOptions { CachedPlans = 0, Verify = true },
                "as written" => ComputeOptions.AsWritten,
                _ => new ComputeOptions(),
            };
            options = options with { AwaitPreparation = awaits };
            Trainer = new Trainer<int>(_model, Loss, new Adam(0.01), options)
            {
                OptimizationBatch = 16,
                PrepareAhead = isAhead,
                ComputeBatch = combination == "passes" ? 5 : 0,
                ClipExampleNorm = combination == "clip" ? 1 : double.PositiveInfinity,
                NoiseScale = combination == "noise" ? new GradientNoiseScale() : null,
                MemoryBudget = combination switch { "budget" => 16 << 20, "tight budget" => 6 << 20, _ => 0 },
            };
            if (combination == "weights and regulariser")
                (Trainer.Weight, Trainer.Regularizer) = (example => 1 + example % 3, g => Sum(Square(g.Use(Words))) * 0.01);

            _data = new List(this);

            Expr Loss(Graph g, int example)
            {
                Seen.Add((Trainer!.StepCount, example));
                SeenElsewhere += Environment.CurrentManagedThreadId == caller ? 0 : 1;
                AtLoss?.Invoke();
                if (example == Bad && Kind == "loss")
                    throw new FormatException($"Example {example} is bad.");

                int length = example == Bad && Kind == "budget" ? 1500 : 1 + example * 37 % 23;
                Expr state = Dropout(lstm.Run([.. Enumerable.Range(1, length).Select(i => words.Of(g, i * length % 50))])[^1], 0.2);
                if (example == Bad && Kind == "shape")
                    return state;

                return Sum(Square(state - g.Input(new float[128]))) * (example == Bad && Kind == "not finite" ? double.NaN : 1);
            }
        }

        public Trainer<int> Trainer { get; }

        public Parameter Words { get; }

        public List<(long Step, int Example)> Seen { get; } = [];

        /// <summary>How often another thread than the caller's has called the loss function.</summary>
        public int SeenElsewhere { get; private set; }

        public Action? AtLoss { get; set; }

        /// <summary>The example that something is wrong with, and what.</summary>
        public int Bad { get; set; } = -1;

        public string? Kind { get; set; }

        public TrainingStep LastStep => Trainer.LastStep with { PassBytes = 0 };   // of the memory that threads have had use for so far

        public double[] Values => [.. _model.Parameters.SelectMany(_model.ValuesOf)];

        public double Epoch(IProgress<TrainingProgress>? progress = null, CancellationToken? cancellation = null) =>
            Trainer.Epoch(_data, progress, cancellation ?? TestContext.Current.CancellationToken);

        public void Dispose() => _model.Dispose();

        private sealed class List(Training training) : IReadOnlyList<int>
        {
            public int Count => Examples;

            public int this[int index] => index == training.Bad && training.Kind == "list" ? throw new FormatException($"Example {index} cannot be read.") : index;

            public IEnumerator<int> GetEnumerator() => Enumerable.Range(0, Examples).GetEnumerator();

            IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
        }
    }
}
