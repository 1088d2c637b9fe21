using BlasNet.Graphs;
using BlasNet.Tests.Contracts;

namespace BlasNet.Tests.Differentiation;

/// <summary>An operator at a point, and a direction in which all its differentiable operands move at once.</summary>
internal sealed record DerivativeCase
{
    private const double Step = 1e-5;

    private readonly bool[] _shared;
    private readonly double[][][] _examples;

    /// <param name="sample">The operator.</param>
    /// <param name="random">Makes up values, direction and weights.</param>
    /// <param name="examples">1 for a single value, or the size of the stack.</param>
    /// <param name="shared">How many of the first operands are the same for all.</param>
    public DerivativeCase(OperatorSample sample, Random random, int examples, int shared)
    {
        Sample = sample;
        _shared = [.. sample.Inputs.Select((_, k) => k < shared)];
        _examples = [.. Enumerable.Range(0, examples).Select(_ => sample.Draw(random))];
        Targets = [.. Enumerable.Range(0, sample.Inputs.Length).Where(k => sample.Inputs[k].IsDifferentiable)];
        Direction = [.. Targets.SelectMany(k => Enumerable.Range(0, CountOf(k) * sample.Inputs[k].Shape.Size)).Select(_ => random.NextDouble() * 2 - 1)];
        Weights = [.. Evaluate((_, output) => [output]).Select(_ => random.NextDouble() * 2 - 1)];
        Name = $"{sample.Name}, {examples} examples, {shared} shared";
    }

    public string Name { get; }

    public OperatorSample Sample { get; }

    /// <summary>The operands that are no indices.</summary>
    public int[] Targets { get; }

    /// <summary>For all elements of all targets.</summary>
    public double[] Direction { get; init; }

    /// <summary>One for each element of the output.</summary>
    public double[] Weights { get; }

    /// <summary>The direction as expressions.</summary>
    public Expr[] Directions(Graph graph)
    {
        int start = 0;
        var result = new List<Expr>();
        foreach (int k in Targets)
        {
            int size = Sample.Inputs[k].Shape.Size, end = start + size * CountOf(k);
            result.Add(new SampleInput(Sample.Inputs[k].Shape).AddTo(graph, "v", shared: false, [.. Direction[start..end].Chunk(size)]));
            start = end;
        }

        return [.. result];
    }

    /// <summary>The elements of all expressions, from the targets and the output, one after another.</summary>
    public double[] Evaluate(Func<Expr[], Expr, Expr[]> derive) => Evaluate(_examples, derive);

    /// <summary>The derivative of expressions in the direction, by a central difference.</summary>
    public double[] Differences(Func<Expr[], Expr, Expr[]> derive)
    {
        double[] ahead = Evaluate(Moved(Step), derive), behind = Evaluate(Moved(-Step), derive);
        return [.. ahead.Zip(behind, (a, b) => (a - b) / (2 * Step))];
    }

    private int CountOf(int input) => _shared[input] ? 1 : _examples.Length;

    private double[] Evaluate(double[][][] examples, Func<Expr[], Expr, Expr[]> derive)
    {
        var graph = new Graph(Precision.Double);
        var (inputs, output) = examples.Length == 1 ? Sample.Single(graph, examples[0], _shared) : Sample.Stack(graph, examples, _shared);
        Expr[] derived = derive([.. Targets.Select(k => inputs[k])], output);
        using var evaluator = new DirectEvaluator<double>(graph);
        var values = new List<double>();
        foreach (Expr expression in derived)
            values.AddRange(evaluator[expression]);

        return [.. values];
    }

    private double[][][] Moved(double step)
    {
        double[][][] moved = [.. _examples.Select(example => example.Select(value => (double[])value.Clone()).ToArray())];
        int start = 0;
        foreach (int k in Targets)
        {
            for (int i = 0; i < CountOf(k); i++)
            {
                for (int j = 0; j < moved[i][k].Length; j++)
                    moved[i][k][j] += step * Direction[start++];
            }
        }

        return moved;
    }
}
