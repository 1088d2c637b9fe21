using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>A loss that is infinite or not a number stops the training, and says which example and which operator it comes from.</summary>
public sealed class NonFiniteTests : IDisposable
{
    private readonly Model _model = new(seed: 1);
    private readonly Parameter _w;

    public NonFiniteTests() => _w = _model.Weight("w", 3, 2);

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void The_step_the_example_and_the_operator_are_named_and_nothing_changes(int computeBatch)
    {
        Trainer<double> trainer = NewTrainer((g, x) => Sum(Log(g.Input(x)).Named("logarithm") * Sum(_w * g.Input([1.0, x]))));
        trainer.ComputeBatch = computeBatch;
        trainer.Step([1, 2]);
        double[] before = _model.ValuesOf(_w);

        var error = Assert.Throws<NonFiniteException>(() => trainer.Step([1, 2, 3, -1, 4]));

        Assert.Equal((2L, 3), (error.Step, error.Example));
        Assert.StartsWith("logarithm = log ", error.Origin, StringComparison.Ordinal);
        Assert.Equal($"Step 2, example 3: the loss is NaN; it comes from {error.Origin}. The parameters are those before the step.", error.Message);
        Assert.Equal(1, trainer.StepCount);
        Assert.Equal(before, _model.ValuesOf(_w));
        trainer.Step([1, 2]);   // usable again
    }

    [Fact]
    public void In_an_epoch_the_example_has_its_number_in_the_data()
    {
        Trainer<double> trainer = NewTrainer((g, x) => Log(g.Input(x)) * Sum(_w * g.Input([1.0, x])));
        trainer.OptimizationBatch = 4;
        double[] data = [.. Enumerable.Range(1, 30).Select(i => (double)i)];
        data[17] = 0;

        var error = Assert.Throws<NonFiniteException>(() => trainer.Epoch(data, cancellation: TestContext.Current.CancellationToken));

        Assert.Equal(17, error.Example);
        Assert.Contains("log", error.Origin, StringComparison.Ordinal);
    }

    [Fact]
    public void An_input_that_is_not_a_number_is_named_itself()
    {
        Trainer<double> trainer = NewTrainer((g, x) => Sum(Square(_w * g.Input([1.0, x]).Named("measured"))));

        var error = Assert.Throws<NonFiniteException>(() => trainer.Step([1, double.NaN]));

        Assert.Equal(1, error.Example);
        Assert.StartsWith("measured = input", error.Origin, StringComparison.Ordinal);
    }

    [Fact]
    public void A_parameter_that_is_not_finite_is_named_itself()
    {
        _model.SetValues(_w, [1, 2, double.PositiveInfinity, 4, 5, 6]);
        Trainer<double> trainer = NewTrainer((g, x) => Sum(_w * g.Input([1.0, x])));

        var error = Assert.Throws<NonFiniteException>(() => trainer.Step([1]));

        Assert.StartsWith("w = parameter", error.Origin, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sum_that_overflows_is_nobody_s_fault()
    {
        Trainer<double> trainer = NewTrainer((g, x) => g.Input(x) * Sum(_w * g.Input([1.0, 1.0])));
        _model.SetValues(_w, [1, 1, 1, 1, 1, 1]);

        var error = Assert.Throws<NonFiniteException>(() => trainer.Step([5e37, 5e37]));

        Assert.Null(error.Example);
        Assert.Equal("Step 1: the loss is ∞. The parameters are those before the step.", error.Message.Replace("Infinity", "∞", StringComparison.Ordinal));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_gradient_that_is_not_finite_is_found_though_the_loss_is_finite(bool detect)
    {
        // √0 is finite, its derivative is not.
        Expr Loss(Graph g, double x) => Sum(Sqrt(Square(_w * g.Input([x, x]))).Named("length"));
        Trainer<double> trainer = NewTrainer(Loss);
        trainer.DetectAnomalies = detect;
        double[] before = _model.ValuesOf(_w);

        var error = Assert.Throws<NonFiniteException>(() => trainer.Step([1, 2, 0, 3]));

        Assert.Equal((1L, 2), (error.Step, error.Example));
        Assert.EndsWith(", in the gradient", error.Origin, StringComparison.Ordinal);
        Assert.Equal($"Step 1, example 2: the gradient is not finite; it comes from {error.Origin}. The parameters are those before the step.", error.Message);
        Assert.Equal((0L, 0L), (trainer.StepCount, trainer.LastStep.Step));
        Assert.Equal(before, _model.ValuesOf(_w));
        trainer.Step([1]);   // usable again
    }

    [Fact]
    public void What_stays_within_an_example_and_leaves_the_loss_finite_is_found_only_if_asked_for()
    {
        Trainer<double> trainer = NewTrainer((g, x) =>
        {
            Expr large = Exp(g.Input(x));   // read twice, so it is no link of a chain that is computed in one sweep
            return 1 / (1 + large) + 1 / (2 + large) + Sum(Square(_w * g.Input([1.0, 0.0])));
        });
        Assert.True(double.IsFinite(trainer.Step([1, 1000])));

        trainer.DetectAnomalies = true;
        var error = Assert.Throws<NonFiniteException>(() => trainer.Step([1, 1000]));

        Assert.Equal(1, error.Example);
        Assert.Contains("exp", error.Origin, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mask_of_infinity_is_no_anomaly()
    {
        Trainer<double> trainer = NewTrainer((g, x) =>
            CrossEntropy(_w * g.Input([1.0, x]) + g.Constant([0.0, 0.0, double.NegativeInfinity], new Shape(3)), 1));
        trainer.DetectAnomalies = true;

        Assert.True(double.IsFinite(trainer.Step([1, 2, 3])));
    }

    [Fact]
    public void An_infinite_input_that_does_no_harm_is_not_taken_for_the_origin()
    {
        Trainer<double> trainer = NewTrainer((g, x) => Sum(_w * Tanh(g.Input([1.0, x]))));
        trainer.DetectAnomalies = true;
        trainer.Step([double.PositiveInfinity]);

        var error = Assert.Throws<NonFiniteException>(() => trainer.Step([1, double.PositiveInfinity, double.NaN]));
        Assert.Equal(2, error.Example);
    }

    /// <summary>The cells of a recurrence have several results, of which some are not needed, and read the products of their words through row indices.</summary>
    [Fact]
    public void The_values_of_a_recurrence_are_looked_at()
    {
        var lstm = new Lstm(_model, "lstm", 2, 3);
        Trainer<double> trainer = NewTrainer((g, x) =>
        {
            var states = new Expr[(int)Math.Abs(x) % 4 + 2];
            lstm.Run([.. states.Select((_, step) => g.Input([x, step]))], states);
            return Sum(Square(states[^1]));
        });
        trainer.DetectAnomalies = true;
        Assert.True(double.IsFinite(trainer.Step([1, 2, 3, 4, 5])));

        var error = Assert.Throws<NonFiniteException>(() => trainer.Step([1, 2, double.NaN, 3]));
        Assert.Equal(2, error.Example);
    }

    /// <summary>A recurrence is one node unless every value is looked at; then no plan fits that was made before.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public void What_stays_within_a_step_of_a_recurrence_is_found_also_where_a_plan_is_known(bool isKnown)
    {
        Parameter v = _model.Weight("v", 2, 2, Initializer.Constant(1));
        Recurrence<Expr> chain = Recurrence.Of("chain", (Expr x) => x, (Expr x, Expr h) => Tanh(x + h) + Exp(-StopGradient(v * Exp(1000 * h))));
        Trainer<double> trainer = NewTrainer((g, x) => Sum(chain.Run(g.Input([x, x, x, x, x, x], new Shape(2, 3)))) + Sum(_w * g.Input([1.0, x])));
        if (isKnown)
            Assert.True(double.IsFinite(trainer.Step([1, 2])));

        trainer.DetectAnomalies = true;
        Assert.Equal(0, Assert.Throws<NonFiniteException>(() => trainer.Step([1, 2])).Example);
    }

    [Fact]
    public void Looking_at_every_value_changes_none()
    {
        using Regression looked = new(), plain = new();
        looked.Trainer.DetectAnomalies = true;

        Assert.Equal(plain.TrainTo(12), looked.TrainTo(12));
        Assert.Equal(plain.Values, looked.Values);
    }

    private Trainer<double> NewTrainer(Func<Graph, double, Expr> loss) => new(_model, loss, new Sgd(1e-3));
}
