using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Passes;
using BlasNet.Serving;
using BlasNet.Training;

namespace BlasNet.Tests.Contracts;

/// <summary>What must not be null is refused by its name, where it is given and not where it is used.</summary>
public sealed class NullArgumentTests : IDisposable
{
    private readonly Model _model = new(1);
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Null_is_refused_by_the_layers()
    {
        AssertRefused("parameters", () => _ = new Linear(null!, "l", 2, 2), () => _ = new Embedding(null!, "e", 2, 2), () => _ = new Lstm(null!, "l", 2, 2));
        AssertRefused("parameters", () => _ = new Gru(null!, "g", 2, 2), () => _ = new Attention(null!, "a", 2, 2), () => _ = new TreeLstm(null!, "t", 2, 2));
        AssertRefused("parameters",
            () => _ = new ChildSumTreeLstm(null!, "c", 2, 2),
            () => _ = new LayerNormalization(null!, "n", 2),
            () => _ = new MultiHeadAttention(null!, "m", 2, 2),
            () => _ = new Mlp(null!, "m", 2, 2));
        AssertRefused("parameters", () => BidirectionalSequence.OfLstm(null!, "b", 2, 2));
        AssertRefused("name", () => _ = new Linear(_model, null!, 2, 2), () => _ = new Embedding(_model, null!, 2, 2), () => _ = new Lstm(_model, null!, 2, 2));
        AssertRefused("name",
            () => _ = new Gru(_model, null!, 2, 2),
            () => _ = new Attention(_model, null!, 2, 2),
            () => _ = new TreeLstm(_model, null!, 2, 2));
        AssertRefused("name",
            () => _ = new ChildSumTreeLstm(_model, null!, 2, 2),
            () => _ = new LayerNormalization(_model, null!, 2),
            () => _ = new MultiHeadAttention(_model, null!, 2, 2),
            () => _ = new Mlp(_model, null!, 2, 2));
        AssertRefused("graph", () => _ = new Embedding(_model, "words", 2, 2).Of(null!, 0));
        AssertRefused("layer", () => RecurrentLayers.Run(null!, [_model.NewGraph().Input(1)]));
        AssertRefused("forward", () => _ = new BidirectionalSequence(null!, new Gru(_model, "back", 2, 2)));
        AssertRefused("backward", () => _ = new BidirectionalSequence(new Gru(_model, "ahead", 2, 2), null!));
    }

    [Fact]
    public void Null_is_refused_by_models_and_graphs()
    {
        AssertRefused("name", () => _model.Bias(null!, 2), () => _model.Weight(null!, 2, 2), () => Function.Of(null!, (Expr x) => x));
        AssertRefused("body", () => Function.Of("f", (Func<Expr, Expr>)null!), () => Function.Of("f", (Func<Expr, Expr, Expr>)null!));
        AssertRefused("body", () => Function.Of("f", (Func<Expr, Expr, Expr, Expr>)null!));
        AssertRefused("path", () => _model.Save((string)null!), () => _model.Load((string)null!));
        AssertRefused("parameter", () => _model.ValuesOf(null!), () => _model.SetValues(null!, [1]), () => _model.NewGraph().Use(null!));
        AssertRefused("graph", () => GraphTransforms.Batch(null!), () => ComputePlan.Of(null!, []));
        AssertRefused("name", () => _model.NewGraph().Input(1).Named(null!));
    }

    [Fact]
    public void Null_is_refused_by_recurrences()
    {
        Func<Expr, Expr> start = x => x;
        AssertRefused("start", () => Recurrence.Of("r", null!, (Expr x, Expr state) => x + state));
        AssertRefused("step",
            () => Recurrence.Of("r", start, (Func<Expr, Expr, Expr>)null!),
            () => Recurrence.Of("r", start, (Func<Expr, Expr, Expr, Expr>)null!),
            () => Recurrence.Of("r", 3, start, null!));
        AssertRefused("combine", () => Recurrence.OfLeaves("r", start, null!));
        AssertRefused("message", () => Recurrence.OfSums<Expr, Expr>("r", start, null!, (x, sum) => x + sum));
    }

    [Fact]
    public async Task Null_is_refused_by_servers()
    {
        var evaluator = new Evaluator<double>(_model, (g, x) => g.Input(x));
        BatchModel<double, float> model = BatchModel.Of(evaluator, (double _, ReadOnlySpan<float> value) => value[0]);
        await using var batching = new BatchingEvaluator<double, float>(model);
        AssertRefused("model",
            () => _ = new BatchingEvaluator<double, float>(null!),
            () => batching.ExchangeAsync(null!),
            () => batching.PrepareAsync(null!, [1], Cancellation));
        AssertRefused("examples", () => batching.PrepareAsync(model, null!, Cancellation));
        AssertRefused("evaluator", () => BatchModel.Of(null!, (double _, ReadOnlySpan<float> value) => value[0]));
        AssertRefused("read", () => BatchModel.Of<double, float>(evaluator, null!));
    }

    [Fact]
    public void Null_is_refused_in_training_and_evaluation()
    {
        Parameter b = _model.Bias("b", 1);
        Expr Loss(Graph g, double x) => b * g.Input(x);
        var trainer = new Trainer<double>(_model, Loss, new Sgd(0.1));
        var evaluator = new Evaluator<double>(_model, Loss);
        using var checkpoints = new CheckpointFolder(_folder.File("checkpoints"));

        AssertRefused("model",
            () => _ = new Trainer<double>(null!, Loss, new Sgd(0.1)),
            () => _ = new Evaluator<double>(null!, Loss),
            () => _ = new GradientNorms<double>(null!, Loss));
        AssertRefused("loss", () => _ = new Trainer<double>(_model, null!, new Sgd(0.1)), () => _ = new GradientNorms<double>(_model, null!));
        AssertRefused("function", () => _ = new Evaluator<double>(_model, (Func<Graph, double, Expr>)null!));
        AssertRefused("optimizer", () => _ = new Trainer<double>(_model, Loss, null!));
        AssertRefused("shape", () => _ = new SafetensorsEntry("t", "F32", (IReadOnlyList<long>)null!));
        AssertRefused("examples", () => trainer.Epoch(null!), () => _ = new TrainingLoop<double>(trainer, null!));
        AssertRefused("examples", () => evaluator.Run((IEnumerable<double>)null!, (_, _) => { }, Cancellation));
        AssertRefused("handler", () => evaluator.Run([1.0], null!, Cancellation), () => evaluator.Run(Enumerable.Repeat(1.0, 1), null!, Cancellation));
        AssertRefused("handler", () => new GradientNorms<double>(_model, Loss).Run([1], null!, Cancellation));
        AssertRefused("trainer",
            () => checkpoints.Save<double>(null!),
            () => checkpoints.Restore<double>(null!),
            () => _ = new TrainingLoop<double>(null!, [1]));
        AssertRefused("path", () => _ = new CheckpointFolder(null!), () => _ = new TrainingLog(null!));
        AssertRefused("values", () => new TrainingLog(_folder.File("log.csv")).Write(1, null!));
        AssertRefused("factor", () => _ = new Schedule(null!));
        AssertRefused("next", () => Schedule.Constant.Then(1, null!));
        AssertRefused("other", () => Schedule.Constant.Times(null!), () => _ = Schedule.Constant * null!);
        AssertRefused("left", () => _ = null! * Schedule.Constant);
        AssertRefused("parameters", () => Regularizer.L1(1, null!), () => Regularizer.L2(1, null!));
        AssertRefused("value", () => _ = new Sgd(0.1).Schedule = null!);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static void AssertRefused(string parameter, params Action[] actions) =>
        Assert.All(actions, action => Assert.Equal(parameter, Assert.ThrowsAny<ArgumentException>(action).ParamName));
}
