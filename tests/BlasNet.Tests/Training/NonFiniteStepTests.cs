using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>A step that would not stay finite is an error, and leaves everything as it was: a twin that never met it goes on to the same numbers.</summary>
public sealed class NonFiniteStepTests
{
    // Of an example below 0, whose loss is √0, the gradient is NaN.
    private static readonly double[][] Steps = [[1, 2, 3, 0.5], [0.3, 1.5, 2.5, 1], [2, 1, 0.7, 4]];
    private static readonly double[] Bad = [1, 2, -1, 3];

    public static TheoryData<string, Precision, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, Precision, int, int>();
            foreach (string optimizer in Optimizers.Keys)
            {
                cases.Add(optimizer, Precision.Single, 0, 1);
                cases.Add(optimizer, Precision.Double, 2, 1);
                cases.Add(optimizer, Precision.Single, 1, 2);
            }

            return cases;
        }
    }

    private static readonly Dictionary<string, Func<Optimizer>> Optimizers = new()
    {
        ["sgd"] = () => new Sgd(0.1),
        ["momentum"] = () => new Sgd(0.1, momentum: 0.9) { AverageFrom = 1 },
        ["nesterov"] = () => new Sgd(0.1, momentum: 0.9, nesterov: true) { ClipNorm = 1 },
        ["adam"] = () => new Adam(0.1) { AverageFrom = 2 },
        ["adamw"] = () => new AdamW(0.1) { ClipValue = 0.5 },
        ["lion"] = () => new Lion(0.01),
        ["adagrad"] = () => new Adagrad(0.1),
        ["rmsprop"] = () => new RmsProp(0.01),
    };

    [Theory, MemberData(nameof(Cases))]
    public void A_gradient_that_is_nan_changes_nothing(string optimizer, Precision precision, int computeBatch, int workers)
    {
        using Training met = NewTraining();
        using Training twin = NewTraining();
        foreach (double[] step in Steps)
        {
            var error = Assert.Throws<NonFiniteException>(() => met.Trainer.Step(Bad));
            Assert.Equal(2, error.Example);
            Assert.Contains("sqrt", error.Origin, StringComparison.Ordinal);
            Assert.Equal(twin.Trainer.StepCount, met.Trainer.StepCount);
            Assert.Equal(twin.Trainer.LastStep, met.Trainer.LastStep with { PassBytes = twin.Trainer.LastStep.PassBytes });
            Assert.Equal(twin.Trainer.NoiseScale!.Steps, met.Trainer.NoiseScale!.Steps);

            Assert.Equal(twin.Trainer.Step(step), met.Trainer.Step(step));
            Assert.Equal(twin.Values(), met.Values());
        }

        if (met.Trainer.Optimizer.AverageFrom is not null)
        {
            using (met.Trainer.UseAverage())
            using (twin.Trainer.UseAverage())
                Assert.Equal(twin.Values(), met.Values());
        }

        Training NewTraining() =>
            new(Optimizers[optimizer](), precision) { Trainer = { ComputeBatch = computeBatch, Workers = workers, NoiseScale = new GradientNoiseScale() } };
    }

    [Theory, InlineData(Precision.Single), InlineData(Precision.Double)]
    public void A_gradient_that_is_nan_is_found_where_examples_are_clipped(Precision precision)
    {
        using var training = new Training(new Adam(0.1), precision) { Trainer = { ClipExampleNorm = 0.1 } };
        double[] before = training.Values();

        Assert.Equal(2, Assert.Throws<NonFiniteException>(() => training.Trainer.Step(Bad)).Example);
        Assert.Equal(before, training.Values());
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_learning_rate_that_would_make_parameters_infinite_changes_nothing(string optimizer, Precision precision, int computeBatch, int workers)
    {
        Optimizer rule = Optimizers[optimizer]();
        using var training = new Training(rule, precision) { Trainer = { ComputeBatch = computeBatch, Workers = workers } };
        using var twin = new Training(Optimizers[optimizer](), precision) { Trainer = { ComputeBatch = computeBatch, Workers = workers } };
        training.Trainer.Step(Steps[0]);
        twin.Trainer.Step(Steps[0]);
        (double rate, rule.LearningRate, rule.WeightDecay) = (rule.LearningRate, 1e300, 1e10);

        var error = Assert.Throws<NonFiniteException>(() => training.Trainer.Step(Steps[1]));

        Assert.Null(error.Example);
        Assert.Contains("would make the parameter", error.Message, StringComparison.Ordinal);
        Assert.Contains("learning rate 1E+300", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("each example", error.Message, StringComparison.Ordinal);   // nobody's gradient is to blame
        (rule.LearningRate, rule.WeightDecay) = (rate, 0);
        twin.Trainer.Optimizer.WeightDecay = 0;
        Assert.Equal(twin.Trainer.Step(Steps[1]), training.Trainer.Step(Steps[1]));
        Assert.Equal(twin.Values(), training.Values());
    }

    [Fact]
    public void A_square_that_overflows_is_an_error_of_the_state_and_not_a_step_of_zero()
    {
        using var model = new Model();
        Parameter b = model.Bias("b", 4);
        var trainer = new Trainer<double>(model, (g, x) => Sum(Multiply(b, g.Input([x, x, x, x]))), new Adam(0.1));

        Assert.Contains("the optimizer's state", Assert.Throws<NonFiniteException>(() => trainer.Step([1e20])).Message, StringComparison.Ordinal);
        Assert.Equal([0, 0, 0, 0], model.ValuesOf(b));
    }

    // Of twenty times its value each parameter loses what it has: it grows by a factor of −19.
    [Fact]
    public void A_decay_that_lets_a_parameter_grow_ends_before_it_is_infinite()
    {
        using var model = new Model();
        Parameter p = model.Bias("p", 1, Initializer.Constant(1));
        var trainer = new Trainer<double>(model, (g, x) => p * g.Input(x), new Sgd(1) { WeightDecay = 20 });

        Assert.Throws<NonFiniteException>(() =>
        {
            for (int step = 0; step < 100; step++)
                trainer.Step([0]);
        });
        Assert.Equal(Math.Pow(-19, 30), model.ValuesOf(p)[0], 1e33);
    }

    // What the steps before have found out of the parameters is worth nothing then.
    [Theory, InlineData(false), InlineData(true)]
    public void A_parameter_that_is_set_or_loaded_between_two_steps_is_looked_at(bool isLoaded)
    {
        using Model model = new(), large = new();
        Parameter p = model.Bias("p", 1, Initializer.Constant(1));
        large.Bias("p", 1, Initializer.Constant(1e38));
        var trainer = new Trainer<double>(model, (g, x) => p * g.Input(x), new Sgd(1) { WeightDecay = 20 });
        trainer.Step([0]);
        Assert.Equal(-19, model.ValuesOf(p)[0]);

        if (isLoaded)
            model.Load(new MemoryStream(SavedBytes(large)));
        else
            model.SetValues(p, [1e38]);

        Assert.Throws<NonFiniteException>(() => trainer.Step([0]));
        Assert.Equal(1e38, model.ValuesOf(p)[0], 1e31);

        static byte[] SavedBytes(Model saved)
        {
            using var stream = new MemoryStream();
            saved.Save(stream);
            return stream.ToArray();
        }
    }

    // Without a gradient the mean square is 0 at once, and the mean, a tenth smaller, is divided by ε alone.
    [Fact]
    public void A_step_that_only_a_small_denominator_makes_infinite_changes_nothing()
    {
        using var model = new Model();
        Parameter p = model.Bias("p", 2);
        var trainer = new Trainer<float[]>(model, (g, x) => Sum(p * g.Input(x)), new Adam(1e20, beta1: 0.9, beta2: 0, epsilon: 1e-30));
        trainer.Step([[1, 1]]);
        double[] before = model.ValuesOf(p);

        Assert.Throws<NonFiniteException>(() => trainer.Step([[1, 0]]));
        Assert.Equal(before, model.ValuesOf(p));
    }

    [Theory, InlineData("first"), InlineData("second"), InlineData("third")]
    public void The_parameter_that_would_not_stay_finite_is_named(string name)
    {
        using var model = new Model();
        Parameter[] parameters = [.. new[] { "first", "second", "third" }.Select(parameter => model.Bias(parameter, 4))];
        Expr Loss(Graph g, double x) => Total([.. parameters.Select(parameter => Sum(parameter * g.Input([0.25, 0.5, parameter.Name == name ? x : 0.25, 0])))]);

        string ofState = Assert.Throws<NonFiniteException>(() => new Trainer<double>(model, Loss, new Adam(0.1)).Step([1e20])).Message;
        string ofGradient = Assert.Throws<NonFiniteException>(() => new Trainer<double>(model, Loss, new Sgd(1e300)).Step([0.5])).Message;

        Assert.Contains($"the parameter {name} [4], or the optimizer's state of it, ", ofState, StringComparison.Ordinal);
        Assert.Contains("gradient up to 0.5)", ofGradient, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_near_the_largest_are_updated_as_long_as_they_stay_finite()
    {
        using var model = new Model();
        Parameter b = model.Bias("b", 2, Initializer.Constant(3e38));
        var trainer = new Trainer<double>(model, (g, x) => Sum(Multiply(b, g.Input([x, 0]))), new Sgd(1e38));

        trainer.Step([1]);
        trainer.Step([1]);
        Assert.Equal(1e38, model.ValuesOf(b)[0], 1e32);
        Assert.Throws<NonFiniteException>(() => trainer.Step([-3]));
        Assert.Equal(1e38, model.ValuesOf(b)[0], 1e32);
    }

    [Fact]
    public void A_sum_of_finite_gradients_that_overflows_is_nobody_s_fault()
    {
        using var model = new Model();
        Parameter b = model.Bias("b", 3);
        var trainer = new Trainer<double>(model, (g, x) => Sum(Multiply(b, g.Input([x, x, x]))), new Sgd(0.1));

        var error = Assert.Throws<NonFiniteException>(() => trainer.Step([3e38, 3e38]));

        Assert.Null(error.Example);
        Assert.StartsWith("Step 1: the gradient of the parameter b [3] is not finite, though that of each example alone is. ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gradient_that_is_nan_is_found_in_the_one_column_of_a_table_that_is_looked_up()
    {
        using var model = new Model(seed: 3);
        Parameter table = model.Weight("E", 3, 10);
        Expr Loss(Graph g, int word) => Sum(Sqrt(Square(Lookup(g.Use(table), word) * (word == 7 ? 0 : 1))));
        var trainer = new Trainer<int>(model, Loss, new Adam(0.1));
        trainer.Step([1, 2]);
        double[] before = model.ValuesOf(table);

        Assert.Equal(1, Assert.Throws<NonFiniteException>(() => trainer.Step([4, 7, 2])).Example);
        Assert.Equal(before, model.ValuesOf(table));
        trainer.Step([4, 2]);
        Assert.All(model.ValuesOf(table), value => Assert.True(double.IsFinite(value)));
    }

    [Fact]
    public void The_regulariser_is_named_if_the_gradient_is_its()
    {
        using var training = new Training(new Sgd(0.1), Precision.Double);
        training.Trainer.Regularizer = g => Sqrt(Sum(Square(Scale(g.Use(training.W), 0))));

        var error = Assert.Throws<NonFiniteException>(() => training.Trainer.Step(Steps[0]));

        Assert.Null(error.Example);
        Assert.StartsWith("the regulariser, ", error.Origin, StringComparison.Ordinal);
        Assert.Contains("sqrt", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The squares overflow, their gradient does not.</summary>
    [Fact]
    public void A_regulariser_that_overflows_changes_nothing_though_its_gradient_is_finite()
    {
        using var training = new Training(new Sgd(1e-300), Precision.Double);
        training.Trainer.Regularizer = g => Sum(Square(Scale(g.Use(training.W), 1e200))) * 1e-150;
        double[] before = training.Values();

        var error = Assert.Throws<NonFiniteException>(() => training.Trainer.Step(Steps[0]));

        Assert.Equal("the regulariser", error.Origin);
        Assert.Equal(before, training.Values());
        Assert.Equal(0, training.Trainer.StepCount);
    }

    [Theory, InlineData(double.NaN), InlineData(double.PositiveInfinity), InlineData(-0.5)]
    public void A_schedule_without_sense_is_an_error_before_the_step(double factor)
    {
        using var training = new Training(new Sgd(0.1) { Schedule = new Schedule(step => step < 2 ? 1 : factor) * Schedule.Constant }, Precision.Single);
        training.Trainer.Step(Steps[0]);
        double[] before = training.Values();

        var error = Assert.Throws<InvalidOperationException>(() => training.Trainer.Step(Steps[1]));

        Assert.Contains("for step 2; it must be finite and at least 0", error.Message, StringComparison.Ordinal);
        Assert.Equal((1, before), (training.Trainer.StepCount, training.Values()), (x, y) => x.Item1 == y.Item1 && x.Item2.SequenceEqual(y.Item2));
    }

    [Fact]
    public void A_pass_of_examples_that_weigh_nothing_adds_nothing()
    {
        using var split = new Training(new Sgd(0.1), Precision.Double);
        using var whole = new Training(new Sgd(0.1), Precision.Double);
        split.Trainer.ComputeBatch = 2;
        split.Trainer.Weight = whole.Trainer.Weight = x => x is 1 or 2 ? 0 : 1;

        Assert.Equal(whole.Trainer.Step([3, 0.5]), split.Trainer.Step([1, 2, 3, 0.5]), 1e-12);
        for (int i = 0; i < whole.Values().Length; i++)
            Assert.Equal(whole.Values()[i], split.Values()[i], 1e-12);
    }

    [Theory, InlineData(double.NaN), InlineData(double.PositiveInfinity), InlineData(-1), InlineData(0), InlineData(1e308)]
    public void Weights_that_make_no_mean_are_refused(double weight)
    {
        using var training = new Training(new Sgd(0.1), Precision.Double) { Trainer = { Weight = _ => weight } };
        double[] before = training.Values();

        Assert.Contains("weight", Assert.Throws<InvalidOperationException>(() => training.Trainer.Step(Steps[0])).Message, StringComparison.Ordinal);
        Assert.Equal(before, training.Values());
    }

    [Fact]
    public void A_model_that_is_not_finite_is_not_saved()
    {
        using var folder = new TemporaryFolder();
        using var model = new Model();
        model.Weight("w", 2, 2);
        Parameter b = model.Bias("b", 2);
        string path = folder.File("m.st");
        model.Save(path);
        byte[] before = File.ReadAllBytes(path);
        model.SetValues(b, [1, double.NaN]);

        Assert.Equal("Parameter b [2] is infinite or not a number.", Assert.Throws<ArithmeticException>(() => model.Save(path)).Message);
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    private sealed class Training : IDisposable
    {
        private readonly Model _model;

        public Training(Optimizer optimizer, Precision precision)
        {
            _model = new Model(seed: 5, precision);
            W = _model.Weight("w", 3, 2);
            Parameter b = _model.Bias("b", 3);
            Trainer = new Trainer<double>(
                _model, (g, x) => x < 0 ? Sqrt(Sum(Square(W * g.Input([0.0, 0.0])))) : Sum(Square(Tanh(W * g.Input([1.0, x]) + b))), optimizer);
        }

        public Parameter W { get; }

        public Trainer<double> Trainer { get; init; }

        public double[] Values() => [.. _model.Parameters.SelectMany(_model.ValuesOf)];

        public void Dispose() => _model.Dispose();
    }
}
