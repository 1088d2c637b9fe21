using BlasNet.Graphs.Functions;
using BlasNet.Graphs.Printing;

namespace BlasNet.Graphs;

/// <summary>What a node of a graph does, as far as it matters to who looks at it.</summary>
public enum NodeKind
{
    /// <summary>A parameter, a constant, or data of an example; <see cref="GraphNode.IsShared"/> tells data from the others.</summary>
    Leaf,

    /// <summary>A matrix product.</summary>
    Product,

    /// <summary>A sum of several nodes, or of the values of a stack; that of a value's own elements is a function.</summary>
    Sum,

    /// <summary>Brings elements into another order or shape, and computes nothing.</summary>
    Move,

    /// <summary>A call of a function, or a recurrence.</summary>
    Call,

    /// <summary>One of several results of the node that is its only input.</summary>
    Result,

    /// <summary>Anything else: element-wise functions, softmax, losses.</summary>
    Function,
}

/// <summary>A node of a graph, to be looked at: <c>graph.NodeAt(3)</c>. Its graph must not be cleared meanwhile.</summary>
public readonly struct GraphNode : IEquatable<GraphNode>
{
    private readonly Graph? _owner;

    internal GraphNode(Graph graph, int index) => (_owner, Index) = (graph, index);

    /// <summary>Its place in the graph, from 0. Inputs have smaller numbers.</summary>
    public int Index { get; }

    private Graph Graph => _owner ?? throw new InvalidOperationException("This is default(GraphNode), which is no node of a graph.");

    /// <summary>The name of its operator: <c>matmul</c>, <c>gather</c>.</summary>
    public string Operator => Graph.OperatorOf(Index).Name;

    /// <summary>What it does.</summary>
    public NodeKind Kind
    {
        get
        {
            Operator op = Graph.OperatorOf(Index);
            return op.Storage switch
            {
                Storage.External => NodeKind.Leaf,
                Storage.Result => NodeKind.Result,
                Storage.View or Storage.Moves => NodeKind.Move,
                _ when op.Traits.OnlyMoves => NodeKind.Move,
                _ when op is CompositeOperator => NodeKind.Call,
                _ when op is IMatrixProduct => NodeKind.Product,
                Storage.Accumulator => NodeKind.Sum,
                _ => op.Merging == Merging.Reduction ? NodeKind.Sum : NodeKind.Function,
            };
        }
    }

    /// <summary>The operator with its attribute, as printed: <c>scale(0.5)</c>.</summary>
    public string Description => TextPrinter.DescriptionOf(Graph, Index);

    /// <summary>Shape and count, as printed: <c>[10] ×128</c>.</summary>
    public string Type => TextPrinter.TypeOf(Graph, Index);

    /// <summary>The name it was given, such as a parameter's; null where it has none.</summary>
    public string? Name => Graph.GivenNameOf(Index);

    /// <summary>The nodes that it is computed from.</summary>
    public ReadOnlySpan<int> Inputs => Graph.InputsOf(Index);

    /// <summary>The shape of one value.</summary>
    public Shape Shape => Graph.ShapeOf(Index);

    /// <summary>How many values it computes.</summary>
    public int Count => Graph.CountOf(Index);

    /// <summary>Whether its value is the same for every example: a parameter, a constant, or what is computed from those alone.</summary>
    public bool IsShared => Graph.IsShared(Index);

    /// <summary>What a call or a recurrence stands for: the function's graph, or those of the recurrence's functions. Empty for other
    /// nodes.</summary>
    public IReadOnlyList<FunctionBody> Bodies => Graph.OperatorOf(Index) switch
    {
        CallOperator { Body: var body } => [new FunctionBody(body)],
        RecurrenceOperator { Body: var recurrence } => [.. recurrence.Bodies.Select(body => new FunctionBody(body))],
        _ => [],
    };

    /// <summary>The node as an expression.</summary>
    public Expr ToExpr() => Graph.At(Index);

    /// <summary><c>%3 = matmul W %2 : [10] ×128</c></summary>
    public override string ToString() => _owner is null ? "no node" : TextPrinter.Print(_owner, Index);

    /// <inheritdoc/>
    public bool Equals(GraphNode other) => ReferenceEquals(_owner, other._owner) && Index == other.Index;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is GraphNode other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_owner, Index);

    /// <summary>Same node of the same graph.</summary>
    public static bool operator ==(GraphNode left, GraphNode right) => left.Equals(right);

    /// <summary>Different nodes.</summary>
    public static bool operator !=(GraphNode left, GraphNode right) => !left.Equals(right);
}
