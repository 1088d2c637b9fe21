using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace BlasNet.Graphs;

/// <summary>A handle on a node of a graph; combining expressions adds nodes.</summary>
/// <remarks>A parameter joins the graph of the expression it is combined with, or the one that the loss, function or regulariser at hand adds to.</remarks>
public readonly partial struct Expr : IEquatable<Expr>
{
    private readonly object? _owner;   // a Graph, or a Parameter that has not joined one

    private readonly int _generation;   // of the graph's nodes: which of its lives between two Clear the node is part of

    internal Expr(Graph graph, int index) => (_owner, Index, _generation) = (graph, index, graph.Generation);

    internal Expr(Parameter parameter) => (_owner, Index) = (parameter, -1);

    internal int Index { get; }

    /// <summary>The graph this expression is part of; of a parameter, the one that the loss, function or regulariser at hand adds to.</summary>
    /// <exception cref="InvalidOperationException">A parameter outside of these, a node that the graph has forgotten, or <c>default</c>.</exception>
    public Graph Graph => _owner is Graph graph && graph.Generation == _generation ? graph : GraphOfParameter();

    /// <summary>The graph this expression is part of; null for a parameter that has not joined one.</summary>
    internal Graph? GraphIfAny => _owner is Graph ? Graph : null;

    /// <summary>The shape of one example's value.</summary>
    public Shape Shape => _owner is Parameter parameter ? parameter.Shape : Graph.ShapeOf(Index);

    /// <summary>How many values the node computes: 1, or the size of a stack in a batched graph.</summary>
    public int Count => _owner is Parameter ? 1 : Graph.CountOf(Index);

    /// <summary>Gives the node a name for printers and error messages; returns it as a node of its graph.</summary>
    public Expr Named(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Expr node = In(Graph);
        node.Graph.SetName(node.Index, name);
        return node;
    }

    /// <summary>Awaits the value: an async function of an example (<see cref="ExprTask{TResult}"/>) goes on when it has been computed.</summary>
    public ExprAwaiter GetAwaiter() => new(this);

    /// <summary>Adds a node with one input.</summary>
    internal static Expr Apply(Operator op, Expr x, long attribute = 0)
    {
        Graph graph = x.Graph;
        return new Expr(graph, graph.Append(op, attribute, [x.IndexIn(graph)]));
    }

    /// <summary>Adds a node with two inputs.</summary>
    internal static Expr Apply(Operator op, Expr x, Expr y, long attribute = 0)
    {
        Graph graph = x._owner as Graph ?? y.Graph;   // IndexIn checks both
        return new Expr(graph, graph.Append(op, attribute, [x.IndexIn(graph), y.IndexIn(graph)]));
    }

    /// <summary>Adds a node with any number of inputs, at least one.</summary>
    internal static Expr Apply(Operator op, ReadOnlySpan<Expr> inputs, long attribute = 0)
    {
        if (inputs.Length == 0)
            throw new ArgumentException($"{op.Name}: needs at least one operand.");

        Graph? graph = null;
        foreach (Expr input in inputs)
            graph ??= input._owner as Graph;

        graph ??= inputs[0].Graph;
        Span<int> indices = graph.NewInputs(inputs.Length);
        for (int i = 0; i < inputs.Length; i++)
            indices[i] = inputs[i].IndexIn(graph);

        return new Expr(graph, graph.Append(op, attribute, indices));
    }

    /// <summary>The node in a given graph, which a free parameter joins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int IndexIn(Graph graph) => ReferenceEquals(_owner, graph) && _generation == graph.Generation ? Index : Join(graph);

    /// <summary>The expression in a given graph, which a free parameter joins.</summary>
    internal Expr In(Graph graph) => new(graph, IndexIn(graph));

    private int Join(Graph graph) => _owner switch
    {
        Parameter parameter => graph.Use(parameter).Index,
        Graph other when !ReferenceEquals(other, graph) => throw new InvalidOperationException("The operands belong to different graphs."),
        _ => throw NoGraph(),
    };

    private Graph GraphOfParameter() => (_owner is Parameter ? Graph.Built : null) ?? throw NoGraph();

    private InvalidOperationException NoGraph() => new(_owner switch
    {
        Parameter parameter => $"Parameter {parameter.Name} is not part of a graph: outside of a loss, a function or a regulariser say which one "
            + $"by graph.Use({parameter.Name}).",
        Graph _ => "This Expr was made before its graph was cleared: for each step the examples' expressions are made anew.",
        _ => "This Expr is empty (default).",
    });

    /// <inheritdoc/>
    public bool Equals(Expr other) => ReferenceEquals(_owner, other._owner) && Index == other.Index && _generation == other._generation;

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is Expr other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_owner, Index, _generation);

    /// <summary>Same node of the same graph.</summary>
    public static bool operator ==(Expr left, Expr right) => left.Equals(right);

    /// <summary>Different nodes.</summary>
    public static bool operator !=(Expr left, Expr right) => !left.Equals(right);

    /// <summary>Name, shape and count of the node.</summary>
    public override string ToString() => _owner switch
    {
        Parameter parameter => parameter.ToString(),
        Graph graph when graph.Generation != _generation => "cleared",
        Graph graph => Count == 1 ? $"{graph.NameOf(Index)} {Shape}" : $"{graph.NameOf(Index)} {Shape} ×{Count}",
        _ => "empty",
    };
}
