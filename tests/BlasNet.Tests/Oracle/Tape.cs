namespace BlasNet.Tests.Oracle;

/// <summary>How a number was computed.</summary>
internal enum Rule
{
    /// <summary>It was given.</summary>
    Leaf,
    Add,
    Subtract,
    Multiply,
    Divide,

    /// <summary>Times a factor.</summary>
    Scale,

    /// <summary>Plus a constant.</summary>
    Shift,
    Inverse,
    Exp,
    Log,
    Sqrt,
    Tanh,
    Relu,
}

/// <summary>Remembers every scalar operation: the whole of the oracle's differentiation. Derivatives are numbers of the same tape, so that they have
/// derivatives in turn.</summary>
internal sealed class Tape
{
    private readonly List<(Rule Rule, double Value, int A, int B, double Factor)> _entries = [];

    public int Count => _entries.Count;

    public Number Number(double value) => Add(Rule.Leaf, value, -1, -1, 0);

    public Number Add(Rule rule, double value, int a, int b, double factor)
    {
        _entries.Add((rule, value, a, b, factor));
        return new Number(this, _entries.Count - 1);
    }

    public double LargestMagnitude => _entries.Max(entry => Math.Abs(entry.Value));

    public double ValueOf(int index) => _entries[index].Value;

    /// <summary>The derivative of a number with respect to every number before it, as plain values.</summary>
    public double[] Backward(Number of)
    {
        double[] adjoints = new double[of.Index + 1];
        adjoints[of.Index] = 1;
        for (int i = of.Index; i >= 0; i--)
        {
            var (_, _, a, b, _) = _entries[i];
            if (a < 0 || adjoints[i] == 0)
                continue;

            var (da, db) = PartialValues(i);
            adjoints[a] += adjoints[i] * da;
            if (b >= 0)
                adjoints[b] += adjoints[i] * db;
        }

        return adjoints;
    }

    /// <summary>Numbers before this one count as given, whatever they were computed from: within a function's body, the arguments.</summary>
    public int Floor { get; set; }

    /// <summary>Reverse mode: Σ seedᵢ · ∂outputᵢ/∂target for each target; the seeds count as constants.</summary>
    public Number[] Gradient(IReadOnlyList<Number> outputs, IReadOnlyList<Number> seeds, IReadOnlyList<Number> targets)
    {
        int end = outputs.Max(output => output.Index) + 1;
        bool[] depends = Dependence(targets, end);
        var adjoints = new Number?[end];
        for (int i = 0; i < outputs.Count; i++)
            Accumulate(outputs[i].Index, seeds[i]);

        for (int i = end - 1; i >= Floor; i--)
        {
            if (adjoints[i] is not { } adjoint || !depends[i])
                continue;

            var (_, _, a, b, _) = _entries[i];
            if (a >= 0 && depends[a])
                Accumulate(a, Times(adjoint, i, second: false));

            if (b >= 0 && depends[b])
                Accumulate(b, Times(adjoint, i, second: true));
        }

        return [.. targets.Select(target => target.Index < end && adjoints[target.Index] is { } adjoint ? adjoint : Number(0))];

        void Accumulate(int index, Number term) => adjoints[index] = adjoints[index] is { } sum ? sum + term : term;
    }

    /// <summary>Forward mode: how outputs change as inputs move in a direction.</summary>
    public Number[] Tangents(IReadOnlyList<Number> inputs, IReadOnlyList<Number> direction, IReadOnlyList<Number> outputs)
    {
        int end = outputs.Max(output => output.Index) + 1;
        var tangents = new Number?[end];
        for (int i = 0; i < inputs.Count; i++)
        {
            if (inputs[i].Index < end)
                tangents[inputs[i].Index] = direction[i];
        }

        for (int i = Floor; i < end; i++)
        {
            var (_, _, a, b, _) = _entries[i];
            if (a >= 0 && tangents[a] is { } first)
                Accumulate(i, Times(first, i, second: false));

            if (b >= 0 && tangents[b] is { } other)
                Accumulate(i, Times(other, i, second: true));
        }

        return [.. outputs.Select(output => tangents[output.Index] ?? Number(0))];

        void Accumulate(int index, Number term) => tangents[index] = tangents[index] is { } sum ? sum + term : term;
    }

    private bool[] Dependence(IReadOnlyList<Number> targets, int end)
    {
        bool[] depends = new bool[end];
        foreach (Number target in targets)
        {
            if (target.Index < end)
                depends[target.Index] = true;
        }

        for (int i = Floor; i < end; i++)
        {
            var (_, _, a, b, _) = _entries[i];
            depends[i] |= (a >= 0 && depends[a]) || (b >= 0 && depends[b]);
        }

        return depends;
    }

    private (double Da, double Db) PartialValues(int index)
    {
        var (rule, value, a, b, factor) = _entries[index];
        double x = _entries[a].Value, y = b >= 0 ? _entries[b].Value : 0;
        return rule switch
        {
            Rule.Add => (1, 1),
            Rule.Subtract => (1, -1),
            Rule.Multiply => (y, x),
            Rule.Divide => (1 / y, -x / (y * y)),
            Rule.Scale => (factor, 0),
            Rule.Shift => (1, 0),
            Rule.Inverse => (-1 / (x * x), 0),
            Rule.Exp => (value, 0),
            Rule.Log => (1 / x, 0),
            Rule.Sqrt => (0.5 / value, 0),
            Rule.Tanh => (1 - value * value, 0),
            Rule.Relu => (x > 0 ? 1 : 0, 0),
            _ => throw new InvalidOperationException($"A {rule} has no operands."),
        };
    }

    // A number times the partial derivative of an entry, as numbers.
    private Number Times(Number adjoint, int index, bool second)
    {
        var (rule, _, a, b, factor) = _entries[index];
        Number result = new(this, index), x = new(this, a), y = new(this, b);
        return rule switch
        {
            Rule.Add or Rule.Shift => adjoint,
            Rule.Subtract => second ? adjoint * -1 : adjoint,
            Rule.Multiply => adjoint * (second ? x : y),
            Rule.Divide => second ? adjoint * result / y * -1 : adjoint / y,
            Rule.Scale => adjoint * factor,
            Rule.Inverse => adjoint * result * result * -1,
            Rule.Exp => adjoint * result,
            Rule.Log => adjoint / x,
            Rule.Sqrt => adjoint / result * 0.5,
            Rule.Tanh => adjoint * (result * result * -1 + 1),
            Rule.Relu => adjoint * (x.Value > 0 ? 1 : 0),
            _ => throw new InvalidOperationException($"A {rule} has no operands."),
        };
    }
}
