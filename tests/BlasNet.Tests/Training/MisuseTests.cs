using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>Mistakes of a user of the library: each is an exception at once, never a wrong number or a crash in native code.</summary>
public sealed class MisuseTests : IDisposable
{
    private readonly Model _model = new(seed: 1);
    private readonly Parameter _w;

    public MisuseTests() => _w = _model.Weight("w", outputs: 1, inputs: 2);

    public void Dispose() => _model.Dispose();

    [Fact]
    public void A_model_that_was_disposed_is_neither_trained_nor_evaluated()
    {
        Trainer<int> trainer = NewTrainer(Loss);
        var evaluator = new Evaluator<int>(_model, Loss);
        trainer.Step([1]);
        _model.Dispose();

        Assert.Throws<ObjectDisposedException>(() => trainer.Step([1]));
        Assert.Throws<ObjectDisposedException>(() => Run(evaluator, 1));
    }

    /// <summary>What was made before has no place for them.</summary>
    [Theory, InlineData("trainer"), InlineData("evaluator"), InlineData("evaluator of results"), InlineData("norms")]
    public void A_model_that_is_used_takes_no_more_parameters(string use)
    {
        object user = use switch
        {
            "trainer" => NewTrainer(Loss),
            "evaluator" => new Evaluator<int>(_model, Loss),
            "evaluator of results" => new Evaluator<int, double>(_model, async (g, _) => (await Sum(g.Use(_w)))[0]),
            _ => new GradientNorms<int>(_model, Loss),
        };
        Assert.Contains("late", Assert.Throws<InvalidOperationException>(() => _model.Bias("late", 1)).Message, StringComparison.Ordinal);
        GC.KeepAlive(user);
    }

    [Fact]
    public void Disposing_the_model_within_a_loss_or_a_handler_is_an_error_of_its_next_use()
    {
        var evaluator = new Evaluator<int>(_model, Loss);
        Trainer<int> trainer = NewTrainer((g, x) =>
        {
            _model.Dispose();
            return Loss(g, x);
        });

        Assert.Throws<ObjectDisposedException>(() => Run(evaluator, 2, () => _model.Dispose()));
        Assert.Throws<ObjectDisposedException>(() => trainer.Step([1]));
    }

    [Fact]
    public void An_expression_of_an_earlier_step_is_refused()
    {
        Expr? kept = null;
        Trainer<int> trainer = NewTrainer((g, x) => Square(_w * (kept ??= g.Input([1f, x]))));
        trainer.Step([1]);

        Assert.Throws<InvalidOperationException>(() => trainer.Step([2]));
    }

    [Fact]
    public void A_loss_that_clears_the_graph_is_refused()
    {
        Trainer<int> trainer = NewTrainer((g, x) =>
        {
            g.Clear();
            return Loss(g, x);
        });

        Assert.Throws<InvalidOperationException>(() => trainer.Step([1, 2]));
    }

    [Fact]
    public void A_loss_in_another_graph_than_the_one_given_is_refused()
    {
        Graph other = _model.NewGraph();
        Trainer<int> trainer = NewTrainer((_, x) => Loss(other, x));

        Assert.Throws<InvalidOperationException>(() => trainer.Step([1]));
    }

    [Fact]
    public void A_step_and_an_epoch_need_examples()
    {
        Trainer<int> trainer = NewTrainer(Loss);

        Assert.Throws<ArgumentException>(() => trainer.Step([]));
        Assert.Throws<ArgumentException>(() => trainer.Epoch([], cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(0, trainer.EpochCount);
    }

    [Theory]
    [InlineData(1 << 16, 1 << 16)]
    [InlineData(100_000, 100_000)]
    [InlineData(int.MaxValue, 1)]
    [InlineData(0, 3)]
    [InlineData(-1, -3)]
    public void A_parameter_of_an_impossible_size_is_refused(int outputs, int inputs) =>
        Assert.Throws<ArgumentException>(() => _model.Weight("v", outputs, inputs));

    [Fact]
    public void Values_of_an_impossible_size_are_refused_where_they_are_written()
    {
        Graph g = _model.NewGraph();
        Expr x = g.Constant(new float[1 << 16], new Shape(1 << 16));

        Assert.Throws<ShapeException>(() => MatMul(x, Reshape(x, new Shape(1, 1 << 16))));
        Assert.Throws<ShapeException>(() => g.Input([1f, 2f], new Shape(-1, -2)));
    }

    [Fact]
    public void A_pass_too_large_for_a_plan_says_so_each_time()
    {
        const int Size = 1 << 10;
        Parameter column = _model.Bias("column", Size);
        var evaluator = new Evaluator<int>(_model, (g, x) => MatMul(column, Reshape(g.Input(new float[Size]), new Shape(1, Size))))
        {
            ComputeBatch = 2 * Size,
        };

        for (int attempt = 0; attempt < 2; attempt++)
        {
            var error = Assert.Throws<InvalidOperationException>(() => Run(evaluator, 2 * Size));
            Assert.Contains("smaller compute batch", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_computed_index_must_be_a_whole_number()
    {
        Trainer<int> trainer = NewTrainer((g, _) => CrossEntropy(Reshape(_w, new Shape(2)), g.Input(0.5)));

        Assert.Throws<InvalidOperationException>(() => trainer.Step([1]));
    }

    private static void Run(Evaluator<int> evaluator, int examples, Action? handler = null) =>
        evaluator.Run(Enumerable.Range(0, examples), (_, _) => handler?.Invoke(), TestContext.Current.CancellationToken);

    private Expr Loss(Graph g, int x) => Square(_w * g.Input([1f, x]));

    private Trainer<int> NewTrainer(Func<Graph, int, Expr> loss) => new(_model, loss, new Sgd(0.1));
}
