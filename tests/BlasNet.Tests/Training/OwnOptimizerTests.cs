using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Operators;
using BlasNet.Stranger;
using BlasNet.Tests.Kernels;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>Optimizers of another assembly, which sees public members only.</summary>
[Collection(GemmSettings.Name)]
public sealed class OwnOptimizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>One of theirs and ours with the same formula.</summary>
    private static readonly Dictionary<string, (Func<Optimizer> Own, Func<Optimizer> Ours)> Pairs = new()
    {
        ["ranges"] = (() => new OwnMomentum(0.05, 0.9), () => new Sgd(0.05, 0.9)),
        ["vectors"] = (() => new OwnAdam(0.02, isBounded: false), () => new Adam(0.02)),
        ["bounded vectors"] = (() => new OwnAdam(0.02, isBounded: true), () => new Adam(0.02)),
    };

    public static TheoryData<string, Precision, int> Trainings =>
        new MatrixTheoryData<string, Precision, int>([.. Pairs.Keys], [Precision.Single, Precision.Double], [1, 2]);

    [Theory, MemberData(nameof(Trainings))]
    public void The_same_formula_gives_the_bits_of_ours(string pair, Precision precision, int workers)
    {
        double[] own = Train(Pairs[pair].Own), ours = Train(Pairs[pair].Ours);
        Assert.Equal(ours, own);

        double[] Train(Func<Optimizer> create)
        {
            Optimizer optimizer = create();
            (optimizer.WeightDecay, optimizer.ClipValue, optimizer.ClipNorm, optimizer.AverageFrom) = (0.1, 0.2, 1, 3);
            using var model = new Model(1, precision);
            var (words, tag) = (new Embedding(model, "words", 5, 300), new Linear(model, "tag", 3, 5));
            var trainer = new Trainer<int>(model, (g, i) =>
                Op.CrossEntropy(tag.Apply(Op.Tanh(words.Of(g, i * 7 % 300))), i % 3), optimizer)
            { Workers = workers };
            for (int step = 0; step < 8; step++)
                trainer.Step([.. Enumerable.Range(10 * step, 20)]);

            double[] last = [.. model.Parameters.SelectMany(model.ValuesOf)];
            using IDisposable average = trainer.UseAverage();
            return [.. last, .. model.Parameters.SelectMany(model.ValuesOf)];
        }
    }

    [Theory, InlineData(Precision.Single), InlineData(Precision.Double)]
    public void A_training_with_three_numbers_of_state_is_resumed_with_the_same_bits(Precision precision)
    {
        Regression New() => new(() => new OwnAmsGrad(0.02) { AverageFrom = 2 }, precision: precision);
        using Regression undisturbed = New(), stopped = New(), resumed = New();
        undisturbed.TrainTo(12);
        stopped.TrainTo(7);
        using var checkpoints = new CheckpointFolder(_folder.Path);
        Checkpoint made = checkpoints.Save(stopped.Trainer);
        Assert.Empty(checkpoints.Restore(resumed.Trainer)!.Warnings);
        resumed.TrainTo(12);

        Assert.Equal(undisturbed.Values, resumed.Values);
        using var state = new SafetensorsReader(Path.Combine(made.Folder, "state.safetensors"));
        Assert.Equal(
            from name in new[] { "mean", "square", "largest square", "average" } from parameter in stopped.Model.Parameters select $"{name}/{parameter.Name}",
            state.Header.Entries.Select(entry => entry.Name));
    }

    /// <summary>A step takes 1 off each parameter, so after three they are −1, −2 and −3.</summary>
    [Fact]
    public void The_formula_sees_its_own_state_and_not_the_average()
    {
        using var model = new Model(1, Precision.Double);
        Parameter p = model.Bias("p", 600);
        var trainer = new Trainer<double>(model, (g, x) => Op.Sum(p * g.Input(x)), new OneLess { AverageFrom = 1 });
        for (int step = 0; step < 3; step++)
            trainer.Step([1]);

        using IDisposable average = trainer.UseAverage();
        Assert.All(model.ValuesOf(p), value => Assert.Equal(-2, value));
    }

    [Theory, InlineData(1), InlineData(511), InlineData(513), InlineData(1300)]
    public void The_formula_sees_every_element_once_in_each_step(int length)
    {
        double[] p = Draw(1), state = new double[3 * length], expected = [.. p];
        double[][] memory = [.. p.Select(_ => new double[3])];
        var optimizer = new OwnAmsGrad(0.01) { WeightDecay = 0.5, ClipValue = 0.3 };
        for (int step = 1; step <= 4; step++)
        {
            double[] g = Draw(step + 1);
            optimizer.Update(new OptimizerRange<double>(p, g, state), 0.5, step);
            for (int i = 0; i < length; i++)
                expected[i] = AmsGrad(expected[i] * (1 - 0.01 * 0.5), Math.Clamp(0.5 * g[i], -0.3, 0.3), memory[i]);
        }

        for (int i = 0; i < length; i++)
            Assert.Equal(expected[i], p[i], 1e-12);

        double[] Draw(int seed) => [.. Enumerable.Range(0, length).Select(i => Math.Sin(seed * 1000 + i))];
    }

    /// <summary>Nothing is known of such a formula, so the step is tried before it is made.</summary>
    [Theory, InlineData("ranges"), InlineData("vectors")]
    public void A_step_that_would_make_a_parameter_infinite_is_refused(string pair)
    {
        using var model = new Model(1);
        var (p, q) = (model.Bias("p", 600), model.Bias("q", 2));
        Optimizer optimizer = Pairs[pair].Own();
        var trainer = new Trainer<float>(model, (g, x) => Op.Sum(g.Use(p)) + Op.Sum(Op.Multiply(q, g.Input([x, 0f]))), optimizer);
        trainer.Step([1f]);
        double[] before = [.. model.Parameters.SelectMany(model.ValuesOf)];
        optimizer.LearningRate = 1e38;

        var error = Assert.Throws<NonFiniteException>(() => trainer.Step([1e8f]));

        Assert.Contains("q [2]", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, model.Parameters.SelectMany(model.ValuesOf));
        optimizer.LearningRate = 0.1;
        trainer.Step([1f]);
        Assert.All(model.ValuesOf(p), value => Assert.True(double.IsFinite(value)));
    }

    [Fact]
    public void Another_formula_does_not_take_the_state_of_this_one()
    {
        using Regression adam = new(() => new OwnAdam(0.02, isBounded: false));
        adam.TrainTo(2);
        using var checkpoints = new CheckpointFolder(_folder.Path);
        checkpoints.Save(adam.Trainer);
        using Regression renamed = new(() => new Lying([]));
        Assert.Contains("OwnAdam", Assert.Throws<CheckpointException>(() => checkpoints.Restore(renamed.Trainer)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_state_must_be_names_and_a_formula_must_be_applied_once()
    {
        using var model = new Model();
        Parameters(model);
        foreach (string[] names in new string[][] { ["a", "a"], [""], ["a/b"], ["average"] })
        {
            var error = Assert.Throws<ArgumentException>(() => new Trainer<int>(model, (g, _) => g.Input(1), new Lying(names)));
            Assert.StartsWith("Lying names its state", error.Message, StringComparison.Ordinal);
        }

        AssertRefused("Lying.Apply must apply a formula", new Lying([]));
        AssertRefused("Rule`1 keeps 1 state buffers, of at most 2; the optimizer names 2.", new Lying(["a", "b"], sweeps: 1));
        AssertRefused("An optimizer applies one formula in a step.", new Lying(["a"], sweeps: 2));

        void AssertRefused(string message, Optimizer optimizer) => Assert.StartsWith(
            message, Assert.Throws<InvalidOperationException>(() =>
                new Trainer<int>(model, (g, _) => Op.Sum(g.Use(model["p"])), optimizer).Step([1])).Message, StringComparison.Ordinal);

        static void Parameters(Model model) => model.Bias("p", 3);
    }

    public void Dispose() => _folder.Dispose();

    private static double AmsGrad(double p, double g, double[] state)
    {
        state[0] = OwnAmsGrad.Beta1 * state[0] + (1 - OwnAmsGrad.Beta1) * g;
        state[1] = OwnAmsGrad.Beta2 * state[1] + (1 - OwnAmsGrad.Beta2) * g * g;
        state[2] = Math.Max(state[2], state[1]);
        return p - 0.01 * state[0] / (Math.Sqrt(state[2]) + OwnAmsGrad.Epsilon);
    }

    private sealed class Lying(string[] names, int sweeps = 0) : Optimizer(0.1)
    {
        public override IReadOnlyList<string> StateNames => names;

        protected override IEnumerable<(string Name, object? Value)> Hyperparameters => [];

        protected override void Apply<T>(OptimizerSweep<T> sweep, double rate, long step)
        {
            for (int i = 0; i < sweeps; i++)
                sweep.Run(default(Rule<T>));
        }

        private readonly struct Rule<T> : IUpdateRule<T> where T : unmanaged
        {
            public static int StateBuffers => 1;

            public Vector<T> Update(Vector<T> parameters, Vector<T> gradient, ref Vector<T> first, ref Vector<T> second) => parameters;
        }
    }

    /// <summary>Writes to all the state there is.</summary>
    private sealed class OneLess() : Optimizer(1)
    {
        public override IReadOnlyList<string> StateNames { get; } = ["first", "second"];

        protected override IEnumerable<(string Name, object? Value)> Hyperparameters => [];

        protected override void Apply<T>(OptimizerSweep<T> sweep, double rate, long step) => sweep.Run(range =>
        {
            for (int buffer = 0; buffer < range.StateBuffers; buffer++)
                range.State(buffer).Fill(T.CreateTruncating(step));

            foreach (ref T parameter in range.Parameters)
                parameter -= T.One;
        });
    }
}
