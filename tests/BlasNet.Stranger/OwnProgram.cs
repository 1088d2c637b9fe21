using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Stranger;

/// <summary>A program of somebody who has the packages only: what it does with the library, from a stream of data to predictions by a loaded model.</summary>
public sealed class OwnProgram : IDisposable
{
    private readonly Model _model = new(seed: 1, Precision.Double);
    private readonly Parameter _w, _b;

    public OwnProgram() => (_w, _b) = (_model.Weight("line.W", 1, 1, new OwnIdentity(noise: 0)), _model.Bias("line.b", 1));

    /// <summary>Fits y = 3·x − 1, the bias after the weight.</summary>
    /// <returns>W and b.</returns>
    public async Task<(double W, double B)> FitAsync()
    {
        var trainer = new Trainer<double>(_model, Loss, new OwnMomentum(0.05, 0.8)) { OptimizationBatch = 8, Groups = [ParameterGroup.Frozen(_b)] };
        await trainer.EpochAsync(Points(64), window: 16);
        trainer.Groups = [new ParameterGroup(_b) { LearningRateFactor = 2 }];
        for (int epoch = 0; epoch < 30; epoch++)
            trainer.Epoch(Enumerable.Range(0, 64).Select(i => i / 32.0 - 1), window: 16);

        return (_model.ValuesOf(_w)[0], _model.ValuesOf(_b)[0]);
    }

    /// <summary>The gradient of the mean loss at some points, by a trainer and by a function of the model.</summary>
    public (double[] Trainer, double[] Function) GradientAt(params double[] points)
    {
        ModelGradient mean = new Trainer<double>(_model, Loss, new Sgd(0)).GradientOf(points);
        ModelGradient same = _model.GradientOf(g => Op.Scale(Op.Total([.. points.Select(x => Loss(g, x))]), 1.0 / points.Length));
        return ([mean.Value, mean[_w][0], mean[_b][0]], [same.Value, same[_w][0], same[_b][0]]);
    }

    /// <summary>The value at a point by a graph, by an evaluator of one result and by one of two.</summary>
    public double[] ValuesAt(double x)
    {
        Graph g = _model.NewGraph();
        double[] two = [.. Evaluator.OfSeveral<double>(_model, (graph, point) => [Value(graph, point), Loss(graph, point)]).PredictAll(x).Select(value =>
            value[0])];
        return [g.Evaluate(Value(g, x))[0], new Evaluator<double>(_model, Value).Predict(x)[0], two[0]];
    }

    /// <summary>Sends the model through a stream to another one that has other names and one parameter more.</summary>
    /// <returns>The report, and the error of the other model at some points.</returns>
    public (LoadReport Report, double Error) Send(params double[] points)
    {
        using var stream = new MemoryStream();
        _model.Save(stream, new Dictionary<string, string> { ["line"] = "3x - 1" });
        stream.Position = 0;
        using var other = new Model();
        var (w, b, _) = (other.Weight("W", 1, 1), other.Bias("b", 1), other.Bias("extra", 2));
        LoadReport report = other.LoadPartially(stream, name => name["line.".Length..]);
        var error = new RootMeanSquareError();
        var evaluator = new Evaluator<double>(other, (g, x) => w * g.Input(x) + b);
        evaluator.Run(points, (i, value) => error.Add(value[0], 3 * points[i] - 1));
        return (report, error.Value);
    }

    public void Dispose() => _model.Dispose();

    private Expr Value(Graph g, double x) => _w * g.Input(x) + _b;

    private Expr Loss(Graph g, double x) => Op.Square(Value(g, x) - g.Input(3 * x - 1));

    private static async IAsyncEnumerable<double> Points(int count)
    {
        for (int i = 0; i < count; i++)
        {
            await Task.Yield();
            yield return i * 2.0 / count - 1;
        }
    }
}
