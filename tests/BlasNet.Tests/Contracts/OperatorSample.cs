using BlasNet.Graphs;

namespace BlasNet.Tests.Contracts;

/// <summary>What the numbers of a sample's input must be.</summary>
internal enum Numbers
{
    /// <summary>Between 0.2 and 2 with either sign: away from the kink of ReLU and from divisions by nearly 0.</summary>
    Signed,

    /// <summary>Between 0.5 and 2.</summary>
    Positive,

    /// <summary>A whole number 0 … 2.</summary>
    Index,

    /// <summary>The key of a random draw.</summary>
    Key,
}

internal sealed record SampleInput(Shape Shape, Numbers Numbers = Numbers.Signed)
{
    public static implicit operator SampleInput(Shape shape) => new(shape);

    public bool IsDifferentiable => Numbers is Numbers.Signed or Numbers.Positive;

    public double[] Draw(Random random)
    {
        double[] values = new double[Shape.Size];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Numbers switch
            {
                Numbers.Positive => 0.5 + 1.5 * random.NextDouble(),
                Numbers.Index => random.Next(3),
                Numbers.Key => random.Next(1 << 24),
                _ => (0.2 + 1.8 * random.NextDouble()) * (random.Next(2) * 2 - 1),
            };
        }

        return values;
    }

    /// <summary>Adds the input to a graph as a leaf: one value, or a stack of several.</summary>
    public Expr AddTo(Graph graph, string name, bool shared, params ReadOnlySpan<double[]> values)
    {
        Operator op = shared ? ConstantOperator.Instance
            : Numbers switch { Numbers.Index => IndexOperator.Instance, Numbers.Key => KeyOperator.Instance, _ => InputOperator.Instance };
        long first = -1;
        foreach (double[] value in values)
        {
            long attribute = graph.Data.Add<double>(op, Shape, value);
            first = first < 0 ? attribute : first;
        }

        return graph.At(graph.AppendStack(op, first, [], Shape, values.Length, shared)).Named(name);
    }
}

/// <summary>An operator applied to inputs that fit, and shapes that do not.</summary>
/// <param name="Operator">What the function under test appends last.</param>
/// <param name="Variant">Distinguishes the samples of one operator.</param>
/// <param name="Inputs">Shapes and kinds of the operands.</param>
/// <param name="Build">Applies the operator.</param>
/// <param name="Wrong">Shapes that the operator must refuse.</param>
internal sealed record OperatorSample(Operator Operator, string Variant, SampleInput[] Inputs, Func<Expr[], Expr> Build, params Shape[][] Wrong)
{
    public string Name => Variant.Length == 0 ? Operator.Name : $"{Operator.Name}: {Variant}";

    public static string NameOf(int input) => "abcdefg"[input..(input + 1)] + "_in";

    /// <summary>One example's values of all inputs.</summary>
    public double[][] Draw(Random random) => [.. Inputs.Select(input => input.Draw(random))];

    /// <summary>A graph with the operator over single values.</summary>
    public (Expr[] Inputs, Expr Output) Single(Graph graph, double[][] values, bool[]? shared = null)
    {
        Expr[] inputs = [.. Inputs.Select((input, k) => input.AddTo(graph, NameOf(k), shared?[k] ?? false, values[k]))];
        return (inputs, Build(inputs));
    }

    /// <summary>A graph with the operator over stacks: of a shared input only the first example's value is used.</summary>
    public (Expr[] Inputs, Expr Output) Stack(Graph graph, double[][][] examples, bool[] shared)
    {
        Expr[] inputs = [.. Inputs.Select((input, k) =>
            input.AddTo(graph, NameOf(k), shared[k], shared[k] ? [examples[0][k]] : [.. examples.Select(example => example[k])]))];
        return (inputs, Build(inputs));
    }

    public override string ToString() => Name;
}
