using System.Numerics;
using BlasNet.Differentiation;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Oracle;

/// <summary>Random programs of one model, written with BlasNet's public functions and run on one engine.</summary>
internal sealed class BlasNetRun<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Model _model = new(0, typeof(T) == typeof(double) ? Precision.Double : Precision.Single);
    private readonly Parameter[] _parameters;
    private readonly Engine<T> _engine;
    private readonly Graph _graph;
    private readonly GradientBuffer<T> _gradient;   // kept, so that what one run leaves there would show in the next
    private FunctionCalls? _functions;

    public BlasNetRun(IEnumerable<RandomParameter> parameters, EngineOptions options)
    {
        _parameters = [.. parameters.Select(parameter => parameter.Shape.IsVector
            ? _model.Bias(parameter.Name, parameter.Shape.Rows)
            : _model.Weight(parameter.Name, parameter.Shape.Rows, parameter.Shape.Columns))];
        _engine = new Engine<T>(_model.Store<T>(), options);
        _graph = _model.NewGraph();
        _gradient = new GradientBuffer<T>(_model.Store<T>().Length, _parameters);
    }

    /// <summary>The graph that was run last.</summary>
    public Graph PlannedGraph => _engine.Plan.Graph;

    /// <param name="program">The numbers and the examples.</param>
    /// <param name="passes">Over how many passes the examples are spread; gradients add up.</param>
    public (List<double[]> Outputs, double[][] Gradients) Run(RandomProgram program, int passes)
    {
        for (int i = 0; i < _parameters.Length; i++)
            _model.SetValues(_parameters[i], program.Parameters[i].Values);

        (_graph.IsTraining, _graph.RandomSeed) = (true, program.Seed);
        var outputs = new List<double[]>();
        int perPass = (program.Examples.Count + passes - 1) / passes;
        foreach (RandomExample[] part in program.Examples.Chunk(perPass))
        {
            var (asked, losses) = Build(part, program.Seed);
            _engine.Prepare(_graph, asked, Op.Total(losses), _parameters);
            _engine.Execute(_gradient, accumulate: part[0] != program.Examples[0]);

            for (int i = 0; i < asked.Length; i++)
                outputs.Add(Doubles(_engine.ValueOf(i)));
        }

        return (outputs, [.. _parameters.Select(parameter => Doubles(_gradient.SpanOf(parameter)))]);
    }

    /// <summary>Values of expressions that are derived from the sum of a program's losses and its outputs.</summary>
    /// <param name="program">The numbers and the examples.</param>
    /// <param name="derive">From the sum of the losses, what the examples are asked for, and the parameters.</param>
    public double[][] Derive(RandomProgram program, Func<Expr, Expr[], Expr[], Expr[]> derive)
    {
        for (int i = 0; i < _parameters.Length; i++)
            _model.SetValues(_parameters[i], program.Parameters[i].Values);

        (_graph.IsTraining, _graph.RandomSeed) = (true, program.Seed);
        var (asked, losses) = Build([.. program.Examples], program.Seed);
        Expr[] derived = derive(Op.Total(losses), asked, [.. _parameters.Select(parameter => _graph.Use(parameter))]);
        _engine.Prepare(_graph, derived);
        _engine.Execute();
        return [.. derived.Select((_, i) => Doubles(_engine.ValueOf(i)))];
    }

    /// <summary>The squared norms of the examples' gradients, and the sum of the gradients clipped by norm.</summary>
    /// <param name="program">The numbers and the examples.</param>
    /// <param name="clipNorm">The longest that an example's gradient may be.</param>
    /// <returns>Norms[parameter][example], and a gradient for each parameter.</returns>
    public (double[][] SquaredNorms, double[][] Gradients) ByExample(RandomProgram program, double clipNorm)
    {
        for (int i = 0; i < _parameters.Length; i++)
            _model.SetValues(_parameters[i], program.Parameters[i].Values);

        (_graph.IsTraining, _graph.RandomSeed) = (true, program.Seed);
        var request = new PerExample { ClipNorm = clipNorm };
        var (_, losses) = Build([.. program.Examples], program.Seed, request.Starts);
        request.Losses.AddRange(losses);
        _engine.Prepare(_graph, [], Op.Total(losses), _parameters, request);
        _engine.Execute(_gradient);

        return ([.. _parameters.Select((_, i) => _engine.NormsOf(i) is { IsEmpty: false } norms ? Squares(Doubles(norms)) : new double[losses.Length])],
            [.. _parameters.Select(parameter => Doubles(_gradient.SpanOf(parameter)))]);
    }

    public void Dispose()
    {
        _engine.Dispose();
        _gradient.Dispose();
        _model.Dispose();
    }

    // The minibatch graph: the examples' graphs side by side.
    private (Expr[] Asked, Expr[] Losses) Build(RandomExample[] examples, int seed, List<int>? starts = null)
    {
        _graph.Clear();
        var asked = new List<Expr>();
        var losses = new List<Expr>();
        _functions ??= new FunctionCalls(seed);
        foreach (RandomExample example in examples)
        {
            _graph.BeginExample(example.Number);
            starts?.Add(_graph.Count);
            List<Expr> values = [.. _parameters.Select(parameter => _graph.Use(parameter))];
            foreach (Step step in example.Steps)
                values.Add(_functions.Build(_graph, [.. step.Operands.Select(operand => values[operand])], step));

            asked.AddRange(example.Outputs.Append(example.Loss).Select(output => values[output]));
            losses.Add(values[example.Loss]);
        }

        return ([.. asked], [.. losses]);
    }

    private static double[] Squares(double[] values) => [.. values.Select(value => value * value)];

    private static double[] Doubles(ReadOnlySpan<T> values)
    {
        double[] result = new double[values.Length];
        for (int i = 0; i < result.Length; i++)
            result[i] = double.CreateTruncating(values[i]);

        return result;
    }
}
