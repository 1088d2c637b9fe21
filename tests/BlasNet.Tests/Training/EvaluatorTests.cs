using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Tests.Kernels;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

[Collection(GemmSettings.Name)]
public sealed class EvaluatorTests
{
    private static readonly int[] Lengths = [.. Enumerable.Range(0, 47).Select(i => 1 + (i * 37 % 13))];

    [Theory]
    [InlineData(1, 5), InlineData(2, 256), InlineData(3, 4), InlineData(7, 1), InlineData(64, 256)]
    public void Results_come_in_order_and_do_not_depend_on_how_they_are_computed(int workers, int computeBatch)
    {
        using var model = new Model(1, Precision.Double);
        Func<Graph, int, Expr> function = Network(model);
        double[][] expected = Results(new Evaluator<int>(model, function));
        var evaluator = new Evaluator<int>(model, function) { Workers = workers, ComputeBatch = computeBatch };
        List<double[]> streamed = [];
        evaluator.RunDouble(Lengths.AsEnumerable(), (_, value) => streamed.Add(value.ToArray()), TestContext.Current.CancellationToken);

        Assert.All(expected.Zip(Results(evaluator)), pair => Assert.Equal(pair.First[0], pair.Second[0], 1e-12));
        Assert.All(expected.Zip(streamed), pair => Assert.Equal(pair.First[1], pair.Second[1], 1e-12));
    }

    [Fact]
    public void The_same_number_of_workers_gives_the_same_bits()
    {
        using Model first = new(1, Precision.Double), second = new(1, Precision.Double);
        double[][] Evaluate(Model model) => Results(new Evaluator<int>(model, Network(model)) { Workers = 3, ComputeBatch = 9 });

        Assert.Equal(Evaluate(first), Evaluate(second));
    }

    [Theory, InlineData(1, 256), InlineData(1, 2), InlineData(1, 4), InlineData(2, 1), InlineData(3, 256)]
    public void An_error_names_the_example_by_its_number_among_all(int workers, int computeBatch)
    {
        using var model = new Model(1, Precision.Double);
        Recurrence<Expr> chain = Recurrence.Of("chain", (Expr x) => x, (Expr x, Expr h) => x + h);
        var evaluator = new Evaluator<int>(model, (g, columns) => chain.Run(g.Input(new double[columns], new Shape(1, columns)), Dag.Chain(2)))
        {
            Workers = workers,
            ComputeBatch = computeBatch,
        };

        var error = Assert.Throws<ShapeException>(() => evaluator.RunDouble([2, 2, 2, 2, 3, 2], (_, _) => { }, TestContext.Current.CancellationToken));
        Assert.Equal("chain: x must have a column for each of the 2 vertices of example 4, but it is [1 × 3].", error.Message);
    }

    [Fact]
    public void An_error_on_another_thread_comes_out_and_the_evaluator_stays_usable()
    {
        using var model = new Model(1, Precision.Double);
        Func<Graph, int, Expr> network = Network(model);
        bool fails = true;
        var evaluator = new Evaluator<int>(model, (g, length) => fails && length == 12 ? throw new FormatException("twelve") : network(g, length)) { Workers = 3 };

        Assert.Equal("twelve", Assert.Throws<FormatException>(() => Results(evaluator)).Message);
        fails = false;
        Assert.Equal(Lengths.Length, Results(evaluator).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => evaluator.Workers = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => evaluator.Workers = 257);
    }

    private static double[][] Results(Evaluator<int> evaluator)
    {
        List<double[]> results = [];
        evaluator.RunDouble(Lengths, (example, value) =>
        {
            Assert.Equal(results.Count, example);
            results.Add(value.ToArray());
        }, TestContext.Current.CancellationToken);
        return [.. results];
    }

    private static Func<Graph, int, Expr> Network(Model model)
    {
        var words = new Embedding(model, "words", 24, 50);
        var lstm = new Lstm(model, "lstm", 24, 24);
        return (g, length) => lstm.Run([.. Enumerable.Range(1, length).Select(i => words.Of(g, i * length % 50))])[^1];
    }
}
