using BlasNet.Graphs;
using BlasNet.Tests.Kernels;
using BlasNet.Tests.Ranks;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>Results as arrays, one or several for an example.</summary>
[Collection(GemmSettings.Name)]
public sealed class PredictionTests
{
    [Theory, InlineData(Precision.Single), InlineData(Precision.Double)]
    public void A_prediction_is_an_array_or_fills_a_span(Precision precision)
    {
        using var model = new Model(1, precision);
        Parameter scale = model.Bias("scale", 3, Initializer.Constant(0.1));
        var evaluator = new Evaluator<double>(model, (g, x) => Scale(g.Use(scale), x));
        double tenth = precision == Precision.Single ? 0.1f : 0.1;
        Assert.Equal([2 * tenth, 2 * tenth, 2 * tenth], evaluator.Predict(2));
        var (floats, doubles) = (new float[3], new double[3]);
        evaluator.Predict(4, floats);
        evaluator.Predict(4, doubles);
        Assert.Equal([4 * tenth, 4 * tenth, 4 * tenth], doubles);
        Assert.Equal([0.4f, 0.4f, 0.4f], floats);
        Assert.StartsWith("The result has 3 numbers; the span has 2.", Assert.Throws<ArgumentException>(() => evaluator.Predict(4, new float[2])).Message,
            StringComparison.Ordinal);
    }

    /// <summary>As many results as the example says, of different shapes.</summary>
    public static TheoryData<int, int, Precision> Ways => new() { { 256, 1, Precision.Double }, { 3, 1, Precision.Single }, { 2, 2, Precision.Double } };

    [Theory, MemberData(nameof(Ways))]
    public void An_example_may_have_several_results(int computeBatch, int workers, Precision precision)
    {
        using var model = new Model(1, precision);
        Parameter b = model.Bias("b", 2, Initializer.Constant(1));
        var evaluator = Evaluator.OfSeveral<int>(model, (g, n) => [.. Enumerable.Range(1, n).Select(i => i == 1 ? g.Input(n) : Scale(g.Use(b), i * n))]);
        (evaluator.ComputeBatch, evaluator.Workers) = (computeBatch, workers);
        int[] examples = [1, 3, 2, 1, 4, 1, 2];
        List<int> order = [];
        evaluator.RunAll(examples, (example, values) =>
        {
            order.Add(example);
            AssertResults(examples[example], values);
        }, TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(0, examples.Length), order);
        AssertResults(3, evaluator.PredictAll(3));
    }

    [Fact]
    public void Ranks_hand_over_all_results_of_all_examples()
    {
        int[] examples = [2, 1, 3, 1, 2, 2, 1];
        ThreadRanks.Run(3, ranks =>
        {
            using var model = new Model(1, Precision.Double);
            Parameter b = model.Bias("b", 2, Initializer.Constant(1));
            var evaluator = Evaluator.OfSeveral<int>(model, (g, n) => [.. Enumerable.Range(1, n).Select(i => i == 1 ? g.Input(n) : Scale(g.Use(b), i * n))]);
            (evaluator.Communicator, evaluator.ComputeBatch) = (ranks, 2);
            int next = 0;
            evaluator.RunAll(examples, (example, values) =>
            {
                Assert.Equal(next++, example);
                AssertResults(examples[example], values);
            }, TestContext.Current.CancellationToken);
            Assert.Equal(examples.Length, next);
            return 0;
        });
    }

    [Fact]
    public void A_function_of_one_result_has_a_list_of_one()
    {
        using var model = new Model(1);
        var evaluator = new Evaluator<int>(model, (g, n) => g.Input(n));
        Assert.Equal([[5.0]], evaluator.PredictAll(5));
        int calls = 0;
        evaluator.RunAll([], (_, _) => calls++, TestContext.Current.CancellationToken);
        Assert.Equal(0, calls);
    }

    [Fact]
    public void Several_results_are_not_handed_over_as_one_and_none_is_too_few()
    {
        using var model = new Model(1);
        var several = Evaluator.OfSeveral<int>(model, (g, n) => [g.Input(n), g.Input(n)]);
        const string Rule = "is for a function with one result for each example; RunAll and PredictAll give several.";
        Assert.Equal($"Predict {Rule}", Assert.Throws<InvalidOperationException>(() => several.Predict(1)).Message);
        Assert.Equal($"Run {Rule}",
            Assert.Throws<InvalidOperationException>(() => several.Run([1, 2], (_, _) => { }, TestContext.Current.CancellationToken)).Message);
        var none = Evaluator.OfSeveral<int>(model, (_, _) => []);
        Assert.Equal("An example needs at least one result.", Assert.Throws<InvalidOperationException>(() => none.PredictAll(1)).Message);
    }

    // n itself, then 2n, 2n; 3n, 3n; …
    private static void AssertResults(int n, IReadOnlyList<double[]> values) =>
        Assert.Equal(Enumerable.Range(1, n).Select(i => i == 1 ? new double[] { n } : [i * n, i * n]), values);
}
