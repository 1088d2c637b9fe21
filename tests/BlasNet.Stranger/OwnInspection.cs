using System.Globalization;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Passes;
using BlasNet.Training;

namespace BlasNet.Stranger;

/// <summary>What somebody who has the packages only looks at: plans, profiles, nodes; and an element-wise operator of his own.</summary>
public sealed class OwnInspection : IDisposable
{
    /// <summary>ln cosh x = x + ln(1 + e^−2x) − ln 2, whose derivative is tanh.</summary>
    public static readonly CustomElementwise LogCosh = CustomElementwise.Define(
        "log-cosh", x => Op.Abs(x) + Op.Log(1 + Op.Exp(-2 * Op.Abs(x))) - Math.Log(2), (x, _) => Op.Tanh(x));

    private readonly Model _model = Model.ForTraining(new Adam(), seed: 1, precision: Precision.Double);
    private readonly Parameter _w;

    public OwnInspection() => _w = _model.Weight("W", 2, 2);

    /// <summary>The largest difference of the operator's derivatives, to second order, from differences.</summary>
    public double Check() => GradientCheck.Run(_model, Loss, [0.3, -2, 1.5]).Relative;

    /// <summary>The losses of some steps, under options of every kind.</summary>
    public double[] LossesBy(ComputeOptions options, params double[] points)
    {
        var trainer = new Trainer<double>(_model, Loss, new Sgd(0), options);
        double step = trainer.Step(points, next: null);
        var evaluator = new Evaluator<double>(_model, Loss, options);
        return [step, points.Average(point => evaluator.Predict(point)[0]), trainer.Options == options ? trainer.LastStep.Loss : double.NaN];
    }

    /// <summary>A plan of some examples' losses with their gradient, and the bound of its launches.</summary>
    public (ComputePlan Plan, int Bound) PlanOf(params double[] points)
    {
        Graph g = _model.NewGraph(isTraining: true);
        Expr total = Op.Total([.. points.Select(x => Loss(g, x))]);
        return (ComputePlan.OfGradient(total), ComputePlan.LowerBoundOf(total));
    }

    /// <summary>Where the time of a step and of an evaluation goes.</summary>
    public Profile ProfileOf(params double[] points)
    {
        var profile = new Profile();
        new Trainer<double>(_model, Loss, new Sgd(0)) { Profile = profile }.Step(points);
        new Evaluator<double>(_model, Loss) { Profile = profile }.RunDouble(points, (_, _) => { });
        return profile;
    }

    /// <summary>The nodes of the batched graph, by kind.</summary>
    public string NodesOf(params double[] points)
    {
        Graph g = _model.NewGraph();
        foreach (double x in points)
            Loss(g, x);

        Graph batched = g.Batch().Graph;
        return string.Join(' ', Enumerable.Range(0, batched.Count).Select(i => batched.NodeAt(i)).Select(
            node => string.Create(CultureInfo.InvariantCulture, $"{node.Kind}:{node.Name ?? node.Operator}×{node.Count}")));
    }

    /// <summary>Into which stack the last example's operator has gone, and where it begins there.</summary>
    public string StackOfLast(params double[] points)
    {
        Graph g = _model.NewGraph();
        foreach (double x in points)
            Loss(g, x);

        BatchedGraph batched = g.Batch();
        GraphNode own = Enumerable.Range(0, g.Count).Select(batched.Source.NodeAt).Last(node => node.Operator == LogCosh.Name);
        return batched.TryLocate(own, out GraphNode stack, out int element) ? $"{stack.Description} {stack.Type} from {element}" : "nowhere";
    }

    public void Dispose() => _model.Dispose();

    private Expr Loss(Graph g, double x) => Op.Sum(LogCosh.Apply(_w * g.Input([1, x])));
}
