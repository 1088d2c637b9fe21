using System.Numerics;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Oracle;

/// <summary>A random program written with BlasNet's public functions, and run.</summary>
internal static unsafe class BlasNetRun
{
    /// <param name="program">The model and its examples.</param>
    /// <param name="options">Which passes run.</param>
    /// <param name="passes">Over how many passes the examples are spread; gradients add up.</param>
    /// <param name="visit">Sees every graph that was run.</param>
    public static (List<double[]> Outputs, double[][] Gradients) Run<T>(RandomProgram program, EngineOptions options, int passes = 1, Action<Graph>? visit = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var model = new Model(0, typeof(T) == typeof(double) ? Precision.Double : Precision.Single);
        Parameter[] parameters = [.. program.Parameters.Select(parameter => parameter.Shape.IsVector
            ? model.Bias(parameter.Name, parameter.Shape.Rows) : model.Weight(parameter.Name, parameter.Shape.Rows, parameter.Shape.Columns))];
        for (int i = 0; i < parameters.Length; i++)
            model.SetValues(parameters[i], program.Parameters[i].Values);

        using var engine = new Engine<T>(model.Store<T>(), options);
        Graph graph = model.NewGraph();
        (graph.IsTraining, graph.RandomSeed) = (true, program.Seed);
        T[] gradient = new T[model.Store<T>().Length];
        Array.Fill(gradient, T.NaN);   // the first pass overwrites whatever is there
        var outputs = new List<double[]>();
        int perPass = (program.Examples.Count + passes - 1) / passes;
        foreach (RandomExample[] part in program.Examples.Chunk(perPass))
        {
            graph.Clear();
            var asked = new List<Expr>();
            var losses = new List<Expr>();
            foreach (RandomExample example in part)
            {
                graph.BeginExample(example.Number);
                List<Expr> values = [.. parameters.Select(parameter => graph.Use(parameter))];
                foreach (Step step in example.Steps)
                    values.Add(step.Operation.Build(graph, [.. step.Operands.Select(operand => values[operand])], step));

                asked.AddRange(example.Outputs.Append(example.Loss).Select(output => values[output]));
                losses.Add(values[example.Loss]);
            }

            engine.Prepare(graph, [.. asked], Op.Total([.. losses]), parameters);
            visit?.Invoke(engine.Plan.Graph);
            fixed (T* pointer = gradient)
                engine.Execute(pointer, accumulate: part[0] != program.Examples[0]);

            for (int i = 0; i < asked.Count; i++)
                outputs.Add(Doubles(engine.ValueOf(i)));
        }

        return (outputs, [.. parameters.Select(parameter => Doubles<T>(gradient.AsSpan(parameter.Offset, parameter.Shape.Size)))]);
    }

    private static double[] Doubles<T>(ReadOnlySpan<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] result = new double[values.Length];
        for (int i = 0; i < result.Length; i++)
            result[i] = double.CreateTruncating(values[i]);

        return result;
    }
}
