namespace BlasNet.Graphs;

/// <summary>A shape is none, or an expression's operands do not fit its operator. Thrown where the shape or the expression is written.</summary>
public sealed class ShapeException : ArgumentException
{
    private readonly string? _rule;   // null for a message that is complete

    /// <summary>An error without details.</summary>
    public ShapeException() { }

    /// <summary>An error with its whole message.</summary>
    public ShapeException(string message) : base(message) { }

    /// <summary>An error with its whole message and cause.</summary>
    public ShapeException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>An error that <see cref="Graph"/> completes with the names of the operands.</summary>
    /// <param name="op">Null for an error of the shape alone.</param>
    /// <param name="rule">What is broken.</param>
    internal ShapeException(Operator? op, string rule) : base($"{op?.Name ?? "shape"}: {rule}.") => _rule = rule;

    internal bool IsComplete => _rule is null;

    /// <summary>The same error, with what was given: <c>matmul: rule. Inputs: W [128 × 64], h [32].</c></summary>
    internal ShapeException WithInputs(Operator op, Graph graph, ReadOnlySpan<int> inputs)
    {
        var given = new List<string>();
        foreach (int input in inputs)
            given.Add($"{graph.NameOf(input)} {graph.ShapeOf(input)}");

        return new ShapeException($"{op.Name}: {_rule}. Inputs: {string.Join(", ", given)}.", this);
    }
}
