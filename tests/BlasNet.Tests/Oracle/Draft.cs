namespace BlasNet.Tests.Oracle;

/// <summary>One example while it is being made up. Asks the oracle for every value, so as to stay where functions are smooth and tame.</summary>
/// <param name="context">The oracle's tape, and which example this is.</param>
/// <param name="parameters">The first values.</param>
/// <param name="structure">Decides what is computed; the same for examples of one kind.</param>
internal sealed class Draft(OracleContext context, IEnumerable<Number[,]> parameters, Random structure)
{
    private const double LargestValue = 6;
    private const int LargestSize = 48;

    private readonly List<Number[,]> _values = [.. parameters];

    public Number[,] this[int value] => _values[value];

    public List<Step> Steps { get; } = [];

    /// <summary>Number of values so far, parameters included.</summary>
    public int Count => _values.Count;

    /// <summary>Random draws so far.</summary>
    public int Draws { get; private set; }

    public int Next(int limit) => structure.Next(limit);

    /// <summary>Adds a step if its value is finite, small and not too large; otherwise nothing.</summary>
    /// <returns>The number of the new value, or −1.</returns>
    public int Take(Operation operation, Step? step)
    {
        if (step is null)
            return -1;

        step = step with { Operation = operation };
        Number[,] value = operation.Define(context, [.. step.Operands.Select(operand => _values[operand])], step);
        if (value.Length > LargestSize || Naive.Elements(value).Any(x => !(Math.Abs(x.Value) <= LargestValue)))
            return -1;

        Draws += operation.IsRandom ? 1 : 0;
        Steps.Add(step);
        _values.Add(value);
        return _values.Count - 1;
    }

    /// <summary>As <see cref="Take"/>, with the operands given; where the value would be too large, the last operand itself.</summary>
    public int Apply(Operation operation, params int[] operands) => Take(operation, new Step(operands)) is >= 0 and var value ? value : operands[^1];

    public Step? Any() => new(Pick());

    public Step? Where(Func<Number[,], bool> fits, Func<Draft, int, Step> make)
    {
        int[] candidates = [.. Enumerable.Range(0, Count).Where(value => fits(_values[value]))];
        return candidates.Length == 0 ? null : make(this, candidates[Recent(candidates.Length)]);
    }

    public Step? Pair(Func<Number[,], Number[,], bool> fits)
    {
        int first = Pick();
        return Where(second => fits(_values[first], second), (_, second) => new Step(first, second));
    }

    /// <summary>Two to five operands, each of which fits the first; perhaps one of them twice.</summary>
    public Step? Several(Func<Number[,], Number[,], bool> fits)
    {
        var operands = new List<int> { Pick() };
        int more = 1 + Next(4);
        for (int i = 0; i < more; i++)
            operands.Add(Where(value => fits(_values[operands[0]], value), (_, value) => new Step(value))!.Operands[0]);

        return new Step([.. operands]);
    }

    private int Pick() => Recent(Count);

    // Half of the choices fall on the latest values, so that graphs become deep.
    private int Recent(int count) => Next(2) == 0 ? Next(count) : count - 1 - Next(Math.Min(count, 4));
}
