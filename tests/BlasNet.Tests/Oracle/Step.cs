namespace BlasNet.Tests.Oracle;

/// <summary>One operation of one example, or of a function's body.</summary>
/// <param name="Operands">Numbers of earlier values; the parameters come first.</param>
internal sealed record Step(params int[] Operands)
{
    /// <summary>The number of its value, or of the first of its values.</summary>
    public int Id { get; init; }

    public Operation Operation { get; init; } = null!;   // set when the step is taken

    /// <summary>What is called; null for an operator.</summary>
    public FunctionDefinition? Function { get; init; }

    /// <summary>An integer that the operation needs: an index, a first row.</summary>
    public int A { get; init; }

    /// <summary>Another one: a length, or what an index has to be below.</summary>
    public int B { get; init; }

    public double Factor { get; init; }

    public Shape Shape { get; init; }

    public double[] Data { get; init; } = [];

    /// <summary>How many values it gives.</summary>
    public int ResultCount => Function?.Results.Length ?? Operation.ResultCount(this);

    public IEnumerable<int> Results => Enumerable.Range(Id, ResultCount);

    /// <summary>As a line of C#.</summary>
    public string ToText(Func<int, string> name)
    {
        string[] operands = [.. Operands.Select(name)];
        string value = Function is null ? Operation.ToText(this, operands) : $"{Function.Name}.Call({Function.ArgumentText(operands)})";
        string[] results = [.. Results.Select(name)];
        return $"var {(results.Length == 1 ? results[0] : $"({string.Join(", ", results)})")} = {value};";
    }
}
