using BlasNet.Graphs.Functions;

namespace BlasNet.Graphs;

/// <summary>What a call of a function stands for, to be looked at.</summary>
public sealed class FunctionBody
{
    internal FunctionBody(Body body)
    {
        (Name, Graph) = (body.Name, body.Graph.Snapshot());
        Results = [.. body.Outputs.Select(Graph.At)];
    }

    /// <summary>The function's name; of a recurrence <c>lstm.start</c>, <c>lstm.step</c> or <c>lstm.message</c>.</summary>
    public string Name { get; }

    /// <summary>The nodes of one call; its arguments are leaves.</summary>
    public Graph Graph { get; }

    /// <summary>What it returns: nodes of that graph.</summary>
    public IReadOnlyList<Expr> Results { get; }
}
