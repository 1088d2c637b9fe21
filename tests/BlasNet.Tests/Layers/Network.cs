using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Layers;

/// <summary>Adds a network's parameters to a model and returns the function that builds one example's value, told by its number.</summary>
internal delegate Func<Graph, int, Expr> Architecture(Model model);

/// <summary>A network in float64 with random parameters, run on one engine; by default it checks its graphs and plans.</summary>
internal sealed class Network : IDisposable
{
    private readonly Func<Graph, int, Expr> _function;
    private readonly Engine<double> _engine;

    public Network(Architecture architecture, ComputeOptions? options = null)
    {
        _function = architecture(Model);
        foreach (Parameter parameter in Model.Parameters)
        {
            // Biases that are all 0, or gains that are all 1, would hide mistakes.
            var random = new RandomNumbers(7, parameter.Name);
            double[] values = new double[parameter.Shape.Size];
            foreach (ref double value in values.AsSpan())
                value = 0.5 * random.NextNormal();

            Model.SetValues(parameter, values);
        }

        _engine = new Engine<double>(Model.Store<double>(), options ?? new ComputeOptions { Verify = true });
    }

    public Model Model { get; } = new(1, Precision.Double);

    public Dictionary<string, double[]> Parameters => Model.Parameters.ToDictionary(parameter => parameter.Name, Model.ValuesOf);

    /// <summary>Number of launches of the last run.</summary>
    public int Launches => _engine.Plan.LaunchCount;

    /// <summary>What the last run computed.</summary>
    public Graph Planned => _engine.Plan.Graph;

    /// <summary>The weight of an element of a value in the loss: no two alike, none 0.</summary>
    public static double LossWeight(int element) => Math.Cos(element + 1);

    /// <summary>The examples' values, and the gradient of the sum of all their elements, weighted, by the parameters' names.</summary>
    public (double[][] Values, Dictionary<string, double[]> Gradients) Run(int examples)
    {
        Graph graph = Model.NewGraph();
        Expr[] values = new Expr[examples];
        Expr[] losses = new Expr[examples];
        for (int i = 0; i < examples; i++)
        {
            graph.BeginExample(i);
            using Graph.Building building = graph.Build();
            values[i] = _function(graph, i);
            double[] weights = [.. Enumerable.Range(0, values[i].Shape.Size).Select(LossWeight)];
            losses[i] = Op.Sum(Op.Multiply(values[i], graph.Constant(weights, values[i].Shape)));
        }

        _engine.Prepare(graph, values, Op.Total(losses), [.. Model.Parameters]);
        using var gradient = new GradientBuffer<double>(Model.Store<double>().Length, Model.Parameters);
        _engine.Execute(gradient);

        return ([.. values.Select((_, i) => _engine.ValueOf(i).ToArray())],
            Model.Parameters.ToDictionary(parameter => parameter.Name, parameter => gradient.SpanOf(parameter).ToArray()));
    }

    public void Dispose()
    {
        _engine.Dispose();
        Model.Dispose();
    }
}
