using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Planning;
using BlasNet.Tests.Kernels;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>Rates and decays of one's own, and parameters that stand still.</summary>
[Collection(GemmSettings.Name)]
public sealed class ParameterGroupTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Model _model = new(3, Precision.Double);
    private readonly Embedding _words;
    private readonly Linear _hidden, _tag;

    public ParameterGroupTests() =>
        (_words, _hidden, _tag) = (new Embedding(_model, "words", 4, 90), new Linear(_model, "hidden", 5, 4), new Linear(_model, "tag", 3, 5));

    private Parameter Words => _model["words.E"];

    /// <summary>By p ← p·(1 − η·f·λ) − η·f·g, with the gradient from plain steps of length 1.</summary>
    [Theory, InlineData(1), InlineData(2)]
    public void Each_group_is_updated_at_its_own_rate_and_decay(int workers)
    {
        const double Rate = 0.3;
        int[] step = [1, 5, 8, 11];
        (double Factor, double Decay) SettingsOf(Parameter parameter) =>
            parameter == Words ? (0.1, 0) : parameter == _hidden.W || parameter == _hidden.B ? (2, 0.5) : (1, 0.25);

        Dictionary<Parameter, double[]> before = Values(), gradient = GradientOf(step);
        var trainer = new Trainer<int>(_model, Loss, new Sgd(Rate) { WeightDecay = 0.25 })
        {
            Workers = workers,
            Groups =
            [
                new ParameterGroup(_hidden.W, _hidden.B) { LearningRateFactor = 2, WeightDecay = 0.5 },
                new ParameterGroup(Words) { LearningRateFactor = 0.1, WeightDecay = 0 },
            ],
        };
        trainer.Step(step);

        foreach ((Parameter parameter, double[] after) in Values())
        {
            (double factor, double decay) = SettingsOf(parameter);
            for (int i = 0; i < after.Length; i++)
                Assert.Equal(before[parameter][i] * (1 - Rate * factor * decay) - Rate * factor * gradient[parameter][i], after[i], 1e-12);
        }
    }

    /// <summary>A frozen parameter is a constant: the others are trained as beside numbers that an example brings.</summary>
    [Theory, InlineData(1, 0), InlineData(2, 0), InlineData(1, 3)]
    public void Beside_frozen_parameters_the_others_are_trained_as_beside_constants(int workers, int computeBatch)
    {
        double[] w = _model.ValuesOf(_hidden.W), table = _model.ValuesOf(Words);
        using var other = new Model(3, Precision.Double);
        var (b, tag) = (other.Bias("hidden.b", 5), new Linear(other, "tag", 3, 5));
        Expr OfConstants(Graph g, int i) => CrossEntropy(
            tag.Apply(Tanh(MatMul(g.Input(w, new Shape(5, 4)), g.Input(table.AsSpan(i * 7 % 90 * 4, 4))) + b)), i % 3);
        var expected = new Trainer<int>(other, OfConstants, NewOptimizer())
        {
            ComputeBatch = computeBatch,
            Workers = workers,
            NoiseScale = new GradientNoiseScale()
        };
        var trainer = new Trainer<int>(_model, Loss, NewOptimizer())
        {
            ComputeBatch = computeBatch,
            Workers = workers,
            NoiseScale = new GradientNoiseScale(),
            Groups = [ParameterGroup.Frozen(Words, _hidden.W)],
        };
        for (int step = 0; step < 6; step++)
        {
            int[] examples = [.. Enumerable.Range(step * 5, 9)];
            Assert.Equal(expected.Step(examples), trainer.Step(examples), 1e-12);
            Assert.Equal(expected.LastStep.GradientNorm, trainer.LastStep.GradientNorm, 1e-12);
        }

        Assert.Equal(expected.NoiseScale.Value, trainer.NoiseScale.Value, 1e-8);
        Assert.Equal(w, _model.ValuesOf(_hidden.W));
        Assert.Equal(table, _model.ValuesOf(Words));
        foreach (string name in new[] { "hidden.b", "tag.W", "tag.b" })
            AssertClose(other.ValuesOf(other[name]), _model.ValuesOf(_model[name]));

        static Optimizer NewOptimizer() => new Adam(0.05) { ClipNorm = 0.2, AverageFrom = 2 };
    }

    [Fact]
    public void No_gradient_is_computed_for_a_frozen_parameter()
    {
        var trainer = new Trainer<int>(_model, Loss, new Sgd(0.1));
        int[] step = [1, 2, 3];
        trainer.Step(step);
        string all = PlanPrinter.Print(trainer.Accumulator.First.Plan);
        trainer.Groups = [ParameterGroup.Frozen(Words, _hidden.W, _hidden.B)];
        trainer.Step(step);
        string some = PlanPrinter.Print(trainer.Accumulator.First.Plan);

        Assert.Equal((2, 1), (Count(all, "outer-product-sum"), Count(some, "outer-product-sum")));
        Assert.Contains("tanh", some, StringComparison.Ordinal);
        Assert.Contains("matmul-transposed", all, StringComparison.Ordinal);
        Assert.DoesNotContain("matmul-transposed", some, StringComparison.Ordinal);

        static int Count(string plan, string name) => plan.Split('\n').Count(line => line.Contains(name, StringComparison.Ordinal));
    }

    /// <summary>Clipping does not see a frozen parameter, whichever thread computes an example.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(4)]
    public void What_is_frozen_between_two_steps_has_no_part_in_the_norm_of_the_gradient(int workers)
    {
        int[] step = [1, 2, 3, 4];
        Dictionary<Parameter, double[]> gradient = GradientOf(step);
        var trainer = new Trainer<int>(_model, Loss, new Sgd(0) { ClipNorm = 1000 }) { Workers = workers };
        trainer.Step(step);
        Assert.Equal(NormOf(gradient.Keys), trainer.LastStep.GradientNorm, 1e-12);

        trainer.Groups = [ParameterGroup.Frozen(Words, _hidden.W)];
        trainer.Step(step);
        Assert.Equal(NormOf(gradient.Keys.Except([Words, _hidden.W])), trainer.LastStep.GradientNorm, 1e-12);

        double NormOf(IEnumerable<Parameter> parameters) => Math.Sqrt(parameters.Sum(parameter => gradient[parameter].Sum(g => g * g)));
    }

    [Fact]
    public void A_thawed_parameter_begins_with_state_0()
    {
        const double Rate = 0.1, Keep = 0.9;
        var optimizer = new Sgd(Rate, Keep);
        var trainer = new Trainer<int>(_model, Loss, optimizer);
        int[] step = [4, 5];
        trainer.Step(step);
        trainer.Groups = [ParameterGroup.Frozen(_tag.W)];
        trainer.Step(step);
        trainer.Groups = [];
        double[] gradient = GradientOf(step)[_tag.W], before = _model.ValuesOf(_tag.W);
        trainer.Step(step);

        AssertClose([.. before.Zip(gradient, (p, g) => p - Rate * g)], _model.ValuesOf(_tag.W));
    }

    [Fact]
    public void The_average_counts_a_parameter_as_it_stands_while_it_is_frozen()
    {
        var trainer = new Trainer<int>(_model, Loss, new Sgd(0.5, 0.5) { AverageFrom = 2 });
        List<double[]> path = [];
        for (int step = 1; step <= 7; step++)
        {
            trainer.Groups = step is 3 or 4 or 7 ? [ParameterGroup.Frozen(_tag.W)] : [];
            trainer.Step([step, step + 20]);
            if (step >= 2)
                path.Add(_model.ValuesOf(_tag.W));
        }

        using IDisposable average = trainer.UseAverage();
        AssertClose([.. Enumerable.Range(0, 15).Select(i => path.Average(values => values[i]))], _model.ValuesOf(_tag.W));
    }

    [Fact]
    public void A_regulariser_counts_a_frozen_parameter_and_does_not_move_it()
    {
        double[] w = _model.ValuesOf(_hidden.W);
        var trainer = new Trainer<int>(_model, Loss, new Sgd(0.1))
        {
            Regularizer = Regularizer.L2(0.3, _hidden.W, _tag.B),
            Groups = [ParameterGroup.Frozen(_hidden.W)],
        };
        _model.SetValues(_tag.B, [1, 2, 3]);
        trainer.Step([1]);

        Assert.Equal(0.15 * (w.Sum(x => x * x) + 14), trainer.LastStep.Penalty, 1e-12);
        Assert.Equal(w, _model.ValuesOf(_hidden.W));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_training_with_groups_is_resumed_with_the_same_bits(bool averages)
    {
        ParameterGroup[] GroupsOf(Model model) =>
            [ParameterGroup.Frozen(model["V"]), new ParameterGroup(model["b"]) { LearningRateFactor = 3, WeightDecay = 0.01 }];
        Regression New()
        {
            var training = new Regression(() => new Adam(0.02) { AverageFrom = averages ? 2 : null });
            training.Trainer.Groups = GroupsOf(training.Model);
            return training;
        }

        using Regression undisturbed = New(), stopped = New(), resumed = New();
        undisturbed.TrainTo(12);
        stopped.TrainTo(7);
        using var checkpoints = new CheckpointFolder(_folder.Path);
        Checkpoint made = checkpoints.Save(stopped.Trainer);
        Assert.Empty(checkpoints.Restore(resumed.Trainer)!.Warnings);
        resumed.TrainTo(12);
        Assert.Equal(undisturbed.Values, resumed.Values);

        using var state = new SafetensorsReader(Path.Combine(made.Folder, "state.safetensors"));
        string[] expected = ["mean/W", "mean/b", "square/W", "square/b", .. averages ? ["average/W", "average/b", "average/V"] : Array.Empty<string>()];
        Assert.Equal(expected, state.Header.Entries.Select(entry => entry.Name));
    }

    /// <summary>What was frozen and is not any more has no state in the checkpoint, and begins with 0; what is frozen now needs none.</summary>
    [Fact]
    public void Other_parameters_may_be_frozen_after_a_resume()
    {
        using Regression stopped = new(() => new Sgd(0.05, 0.9)), resumed = new(() => new Sgd(0.05, 0.9)), thawed = new(() => new Sgd(0.05, 0.9));
        stopped.Trainer.Groups = [ParameterGroup.Frozen(stopped.Model["V"])];
        stopped.TrainTo(4);
        using var checkpoints = new CheckpointFolder(_folder.Path);
        checkpoints.Save(stopped.Trainer);
        resumed.Trainer.Groups = [ParameterGroup.Frozen(resumed.Model["W"])];
        string warning = Assert.Single(checkpoints.Restore(resumed.Trainer)!.Warnings);
        Assert.EndsWith("was made with parameter groups V: frozen; now it is W: frozen. Training goes on with that", warning, StringComparison.Ordinal);
        double[] w = resumed.Model.ValuesOf(resumed.Model["W"]);
        resumed.TrainTo(9);
        Assert.Equal(w, resumed.Model.ValuesOf(resumed.Model["W"]));

        checkpoints.Restore(thawed.Trainer);
        stopped.Trainer.Groups = [];
        stopped.TrainTo(9);
        thawed.TrainTo(9);
        Assert.Equal(stopped.Values, thawed.Values);
    }

    [Fact]
    public void Groups_that_contradict_each_other_are_refused()
    {
        using var other = new Model();
        Parameter foreign = other.Bias("c", 1);
        var trainer = new Trainer<int>(_model, Loss, new Sgd(0.1));
        AssertRefused("c [1] belongs to another model.", () => trainer.Groups = [new ParameterGroup(foreign)]);
        AssertRefused("tag.b [3] is in two groups.", () => trainer.Groups = [new ParameterGroup(_tag.B), ParameterGroup.Frozen(_tag.W, _tag.B)]);
        AssertRefused("The group has tag.b [3] twice.", () => _ = new ParameterGroup(_tag.B, _tag.B));
        AssertRefused("A group needs at least one parameter.", () => _ = new ParameterGroup());
        AssertRefused("LearningRateFactor must be finite", () => _ = new ParameterGroup(_tag.B) { LearningRateFactor = -1 });
        AssertRefused("WeightDecay must be finite", () => _ = new ParameterGroup(_tag.B) { WeightDecay = double.NaN });
        Assert.Empty(trainer.Groups);
        var within = new Trainer<int>(_model, (g, i) => throw new InvalidDataException(trainer.Groups.Count.ToString(null as IFormatProvider)), new Sgd(0.1));
        Assert.Throws<InvalidDataException>(() => within.Step([1]));

        static void AssertRefused(string message, Action action) =>
            Assert.StartsWith(message, Assert.ThrowsAny<ArgumentException>(action).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void With_all_parameters_frozen_a_step_tells_the_loss_and_changes_nothing()
    {
        var trainer = new Trainer<int>(_model, Loss, new Adam()) { Groups = [ParameterGroup.Frozen(_model.Parameters)] };
        double[] before = [.. _model.Parameters.SelectMany(_model.ValuesOf)];
        Assert.Equal(trainer.Step([1, 2]), trainer.Step([1, 2]));
        Assert.Equal(before, _model.Parameters.SelectMany(_model.ValuesOf));
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    private Expr Loss(Graph g, int i) => CrossEntropy(_tag.Apply(Tanh(_hidden.Apply(_words.Of(g, i * 7 % 90)))), i % 3);

    private Dictionary<Parameter, double[]> Values() => _model.Parameters.ToDictionary(parameter => parameter, _model.ValuesOf);

    // What a step of length 1 takes off.
    private Dictionary<Parameter, double[]> GradientOf(int[] step)
    {
        Dictionary<Parameter, double[]> before = Values();
        new Trainer<int>(_model, Loss, new Sgd(1)).Step(step);
        Dictionary<Parameter,
            double[]> gradient = Values().ToDictionary(after => after.Key, after => before[after.Key].Zip(after.Value, (p, q) => p - q).ToArray());
        foreach ((Parameter parameter, double[] values) in before)
            _model.SetValues(parameter, values);

        return gradient;
    }

    private static void AssertClose(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-12);
    }
}
