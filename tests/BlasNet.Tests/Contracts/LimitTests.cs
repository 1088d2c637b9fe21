using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Contracts;

/// <summary>Numbers that have limits: the last one that is accepted, and the first that is refused.</summary>
public sealed class LimitTests : IDisposable
{
    private const double Tiny = 1e-300;

    private static readonly double Below1 = Math.BitDecrement(1.0);

    private readonly Model _model = new(1, Precision.Double);
    private readonly TemporaryFolder _folder = new();
    private int _made;   // for names of their own

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Of_optimizers()
    {
        AssertLimits(rate => _ = new Sgd(rate), [0, double.MaxValue], [-Tiny, double.PositiveInfinity, double.NaN]);
        AssertLimits(momentum => _ = new Sgd(1, momentum), [0, Below1], [-Tiny, 1, double.NaN]);
        AssertLimits(momentum => _ = new Sgd(1, momentum, nesterov: true), [Tiny], [0]);
        AssertLimits(beta => _ = new Adam(1, beta), [0, Below1], [-Tiny, 1]);
        AssertLimits(beta => _ = new Adam(1, 0.9, beta), [0, Below1], [-Tiny, 1]);
        AssertLimits(epsilon => _ = new Adam(1, 0.9, 0.9, epsilon), [Tiny], [0, double.PositiveInfinity]);
        AssertLimits(epsilon => _ = new Adagrad(1, epsilon), [Tiny], [0]);
        AssertLimits(decay => _ = new RmsProp(1, decay), [0, Below1], [-Tiny, 1]);
        AssertLimits(epsilon => _ = new RmsProp(1, 0.9, epsilon), [Tiny], [0]);
        AssertLimits(beta => _ = new Lion(1, beta), [0, Below1], [-Tiny, 1]);
        AssertLimits(beta => _ = new Lion(1, 0.9, beta), [0, Below1], [-Tiny, 1]);
        AssertLimits(decay => _ = new AdamW(1, decay), [0], [-Tiny]);
        AssertLimits(decay => _ = new Sgd(1) { WeightDecay = decay }, [0, double.MaxValue], [-Tiny, double.PositiveInfinity]);
        AssertLimits(clip => _ = new Sgd(1) { ClipValue = clip }, [Tiny, double.PositiveInfinity], [0, double.NaN]);
        AssertLimits(clip => _ = new Sgd(1) { ClipNorm = clip }, [Tiny, double.PositiveInfinity], [0, double.NaN]);
        AssertLimits(first => _ = new Sgd(1) { AverageFrom = (long)first }, [1], [0]);
    }

    [Fact]
    public void Of_schedules_early_stopping_and_the_noise_scale()
    {
        AssertLimits(every => Schedule.Step((long)every, 0.5), [1], [0]);
        AssertLimits(factor => Schedule.Step(1, factor), [0], [-Tiny, double.NaN]);
        AssertLimits(steps => Schedule.Cosine((long)steps), [1], [0]);
        AssertLimits(final => Schedule.Cosine(1, final), [0], [-Tiny]);
        AssertLimits(steps => Schedule.Linear((long)steps), [1], [0]);
        AssertLimits(final => Schedule.Linear(1, final), [0], [-Tiny]);
        AssertLimits(steps => Schedule.WarmUp((long)steps), [1], [0]);
        AssertLimits(steps => Schedule.Constant.Then((long)steps, Schedule.Constant), [0], [-1]);
        AssertLimits(patience => _ = new EarlyStopping((int)patience, true), [1], [0]);
        AssertLimits(change => _ = new EarlyStopping(1, true, change), [0], [-Tiny, double.PositiveInfinity, double.NaN]);
        AssertLimits(decay => _ = new GradientNoiseScale(decay), [0, Below1], [-Tiny, 1, double.NaN]);
        AssertLimits(small => new GradientNoiseScale().Add((int)small, 1, 9, 1), [1, 8], [0, 9]);
        AssertLimits(norm => new GradientNoiseScale().Add(1, norm, 2, 0), [0], [-Tiny, double.PositiveInfinity]);
        AssertLimits(norm => new GradientNoiseScale().Add(1, 0, 2, norm), [0], [-Tiny, double.PositiveInfinity]);
    }

    [Fact]
    public void Of_trainers_evaluators_and_checkpoints()
    {
        Parameter b = _model.Bias("b", 1);
        Expr Loss(Graph g, double x) => b * g.Input(x);
        var trainer = new Trainer<double>(_model, Loss, new Sgd(0.1));
        AssertLimits(count => trainer.ComputeBatch = (int)count, () => trainer.Step([1]), [0, 1], [-1]);
        trainer.ComputeBatch = 0;
        AssertLimits(count => trainer.OptimizationBatch = (int)count, () => trainer.Epoch([1]), [1], [0]);
        trainer.OptimizationBatch = 1;
        AssertLimits(count => trainer.Workers = (int)count, [1, 256], [0, 257]);
        AssertLimits(bytes => trainer.MemoryBudget = (long)bytes, [0], [-1]);
        AssertLimits(norm => trainer.ClipExampleNorm = norm, [Tiny, double.PositiveInfinity], [0, double.NaN]);

        var evaluator = new Evaluator<double>(_model, Loss);
        AssertLimits(
            count => evaluator.ComputeBatch = (int)count, () => evaluator.RunDouble([1], (_, _) => { }, TestContext.Current.CancellationToken), [1], [0]);
        AssertLimits(count => evaluator.Workers = (int)count, [1, 256], [0, 257]);
        var norms = new GradientNorms<double>(_model, Loss);
        AssertLimits(count => norms.ComputeBatch = (int)count, () => norms.Of([1], TestContext.Current.CancellationToken), [1], [0]);
        AssertLimits(factor => Regularizer.L2(factor, b), [0], [-Tiny, double.PositiveInfinity]);
        AssertLimits(factor => Regularizer.L1(factor, b), [0], [-Tiny, double.NaN]);
        AssertLimits(keep => new CheckpointFolder(_folder.File($"{_made++}"), (int)keep).Dispose(), [1], [0]);
    }

    [Fact]
    public void Of_graphs_and_layers()
    {
        Graph graph = _model.NewGraph();
        Parameter table = _model.Weight("table", 2, 5);
        Expr x = graph.Input(new double[6], new Shape(3, 2)), word = graph.Use(table);
        AssertLimits(index => graph.Index((int)index), [0, 1 << 24], [-1, (1 << 24) + 1]);
        AssertLimits(rate => Op.Dropout(x, rate), [0, Below1], [-Tiny, 1, double.NaN]);
        AssertLimits(index => Op.Lookup(word, (int)index), [0, 4], [-1, 5]);
        AssertLimits(label => Op.CrossEntropy(graph.Input(new double[3]), (int)label), [0, 2], [-1, 3]);
        AssertLimits(start => Op.Slice(x, (int)start, 2), [0, 1], [-1, 2]);
        AssertLimits(length => Op.Slice(x, 1, (int)length), [1, 2], [0, 3]);
        AssertLimits(start => Op.SliceColumns(x, (int)start, 1), [0, 1], [-1, 2]);
        AssertLimits(length => Op.SliceColumns(x, 0, (int)length), [1, 2], [0, 3]);
        AssertLimits(start => Op.Pad(x, (int)start, 4), [0, 1], [-1, 2]);
        AssertLimits(rows => Op.Pad(x, 1, (int)rows), [4], [3]);
        AssertLimits(start => Op.PadColumns(x, (int)start, 3), [0, 1], [-1, 2]);
        AssertLimits(exponent => Op.Pow(x, exponent), [-double.MaxValue, 0, 1, 2, double.MaxValue], [double.NaN, double.PositiveInfinity]);
        AssertLimits(slope => Op.LeakyRelu(x, slope), [-1, 0, 1], [double.NaN, double.NegativeInfinity]);
        AssertLimits(alpha => Op.Elu(x, alpha), [-1, 0, 1], [double.NaN, double.PositiveInfinity]);
        AssertLimits(delta => Op.Huber(x, delta), [Tiny, double.MaxValue], [0, double.NaN, double.PositiveInfinity]);
        AssertLimits(min => Op.Clamp(x, min, 1), [double.NegativeInfinity, 1], [double.BitIncrement(1), double.NaN]);
        AssertLimits(max => Op.Clamp(x, 1, max), [double.PositiveInfinity, 1], [Below1, double.NaN]);
        AssertLimits(epsilon => Op.LayerNorm(x, epsilon), [Tiny], [0, double.PositiveInfinity, double.NaN]);
        AssertLimits(width => Op.Unfold(x, (int)width), [1, 2], [0, 3, -65535, 65536]);
        AssertLimits(stride => Op.Unfold(x, 2, (int)stride), [1, 65535], [0, -1, 65536]);
        AssertLimits(width => Op.MaxPool(x, (int)width), [1, 2], [0, 3]);
        AssertLimits(padding => Op.Conv1d(word, graph.Input(new double[5]), (int)padding), [0, 1], [-1]);
        AssertLimits(rows => _ = new Shape((int)rows), [1, int.MaxValue], [0, -1]);
        AssertLimits(columns => _ = new Shape(2, (int)columns), [1, int.MaxValue / 2], [0, int.MaxValue / 2 + 1]);
        AssertLimits(size => _model.Bias($"bias{_made++}", (int)size), [1], [0]);
        AssertLimits(size => _ = new Embedding(_model, $"embedding{_made++}", (int)size, 2), [1], [0]);
        AssertLimits(size => _ = new Embedding(_model, $"embedding{_made++}", 2, (int)size), [1], [0]);
        AssertLimits(epsilon => _ = new LayerNormalization(_model, $"norm{_made++}", 2, epsilon), [Tiny], [0, double.PositiveInfinity]);
        AssertLimits(deviation => Initializer.Normal(0, deviation), [0], [-Tiny, double.NaN]);
        AssertLimits(maximum => Initializer.Uniform(1, maximum), [1], [Below1, double.PositiveInfinity]);
        AssertLimits(gain => Initializer.GlorotNormal(gain), [Tiny], [0, double.PositiveInfinity]);
        AssertLimits(word => new Embedding(_model, $"embedding{_made++}", 2, 5).Of(graph, (int)word), [0, 4], [-1, 5]);
    }

    // Where a number is looked at only when it is used.
    private static void AssertLimits(Action<double> set, Action use, double[] accepted, double[] refused) => AssertLimits(
        value =>
        {
            set(value);
            use();
        },
        accepted, refused);

    private static void AssertLimits(Action<double> action, double[] accepted, double[] refused)
    {
        foreach (double value in accepted)
            action(value);

        Assert.All(refused, value => Assert.True(
            Record.Exception(() => action(value)) is ArgumentException or ShapeException, $"{value} is accepted, or not refused as an argument."));
    }
}
