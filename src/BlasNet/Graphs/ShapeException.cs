namespace BlasNet.Graphs;

/// <summary>An expression's operands do not fit its operator. Thrown where the expression is written.</summary>
public sealed class ShapeException : ArgumentException
{
    /// <summary>An error without details.</summary>
    public ShapeException() { }

    /// <summary>An error with its whole message.</summary>
    public ShapeException(string message) : base(message) { }

    /// <summary>An error with its whole message and cause.</summary>
    public ShapeException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>An error that <see cref="Graph"/> completes with the names of the operands.</summary>
    internal ShapeException(Operator op, string rule) : base($"{op.Name}: {rule}.") => IsComplete = false;

    internal bool IsComplete { get; } = true;

    /// <summary>The same error, with what was given: <c>matmul: rule. Inputs: W [128 × 64], h [32].</c></summary>
    internal ShapeException WithInputs(Graph graph, ReadOnlySpan<int> inputs)
    {
        var given = new List<string>();
        foreach (int input in inputs)
            given.Add($"{graph.NameOf(input)} {graph.ShapeOf(input)}");

        return new ShapeException($"{Message} Inputs: {string.Join(", ", given)}.", this);
    }
}
