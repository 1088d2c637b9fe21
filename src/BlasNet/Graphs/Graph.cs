using System.Runtime.CompilerServices;
using BlasNet.Graphs.Awaiting;
using BlasNet.Graphs.Functions;

namespace BlasNet.Graphs;

/// <summary>A computation graph: an append-only list of nodes in which inputs come before their users.</summary>
/// <remarks>
/// The one representation of BlasNet. A per-example graph, the minibatch graph (examples side by side, sharing the parameters), the batched
/// graph and a graph with gradients are all of this type; a pass makes one from another. Stored in a few arrays: adding a node
/// allocates nothing once the arrays have grown, and <see cref="Clear"/> keeps them.
/// <para>Threads: one thread builds a graph, the one that made it or cleared it last; another that adds to it gets an error. The graph that a loss function
/// is given belongs to that call. A graph that nobody adds to may be read and printed by any number of threads.</para>
/// </remarks>
public sealed partial class Graph
{
    private Node[] _nodes = new Node[256];
    private int[] _inputs = new int[512];
    private int _inputCount;
    private int[] _newInputs = new int[8];         // of the node being added
    private Move[] _moves = new Move[64];
    private int _moveCount;
    private int[] _lists = new int[64];
    private int _listLength;
    private readonly Dictionary<int, string> _names = [];
    private int _lastNamed = -1;   // most nodes come after it, and need not be looked up
    private int _thread = Environment.CurrentManagedThreadId;

    // Small, because passes read thousands of them one after another.
    private struct Node
    {
        public int Type;
        public int Start;   // of its inputs in the list; for one input, the input itself; for data, its place in the pool
    }

    internal Graph(Precision precision, object? model = null) => (Precision, Model, Data) = (precision, model, new DataPools(precision));

    /// <summary>The element type of every value.</summary>
    public Precision Precision { get; }

    /// <summary>Number of nodes.</summary>
    public int Count { get; private set; }

    /// <summary>Number of nodes that fit before the arrays grow.</summary>
    internal int Capacity => _nodes.Length;

    /// <summary>Number of edges: inputs of all nodes together.</summary>
    public int EdgeCount { get; private set; }

    /// <summary>The model whose parameters the graph may use; null for graphs that passes make, and for complete bodies.</summary>
    internal object? Model { get; private set; }

    /// <summary>The function that this graph is the body of; null for other graphs.</summary>
    internal Body? Body { get; set; }

    /// <summary>Computes values for which functions wait while they build the graph; null where nobody does.</summary>
    internal IAwaitedValues? Awaited { get; set; }

    /// <summary>Whether each node stands for one value of a stack yet to come, so that sums go over terms, never over a stack.</summary>
    internal bool IsBody { get; set; }

    /// <summary>Whether its nodes are examples' own, so that a number may differ from one to another; not in a body, which is the same for all.</summary>
    internal bool HoldsExamples => Model is not null && !IsBody;

    /// <summary>Whether a node is a call of a function.</summary>
    internal bool HasCalls => FirstCall >= 0;

    /// <summary>The first call of a function; −1 where there is none.</summary>
    internal int FirstCall { get; private set; } = -1;

    /// <summary>The examples' numbers: inputs, labels, constants.</summary>
    internal DataPools Data { get; private set; }

    /// <summary>Tells the nodes before a <see cref="Clear"/> from those after it.</summary>
    internal int Generation { get; private set; }

    /// <summary>Forgets all nodes; keeps the memory. Expressions made before are refused from here on.</summary>
    public void Clear()
    {
        Forget();
        Data.Clear();
    }

    /// <summary>Forgets all nodes and takes the data of another graph as its own: the first step of a pass.</summary>
    internal void ClearFor(Graph source)
    {
        Forget();
        TakeLimit(source);
        Data = source.Data;
    }

    private void Forget()
    {
        Generation++;
        _thread = Environment.CurrentManagedThreadId;
        Array.Clear(_types, 0, TypeCount);   // they refer to the bodies of functions
        Count = EdgeCount = TypeCount = _tokenCount = _inputCount = _moveCount = _listLength = 0;
        ForgetKeptTypes();
        FirstCall = -1;
        _names.Clear();
        _lastNamed = -1;
        ForgetLeaves();
        ForgetConstants();
    }

    /// <summary>Lets go of the model for which a body was traced.</summary>
    internal void ForgetModel() => Model = null;

    /// <summary>What is known of a node beside its inputs.</summary>
    internal ref readonly NodeType TypeOf(int node) => ref _types[_nodes[node].Type];

    /// <summary>The number of a node's type; nodes of one operator, attribute and input types have one.</summary>
    internal int TypeNumberOf(int node) => _nodes[node].Type;

    internal ref readonly NodeType TypeAt(int type) => ref _types[type];

    internal Operator OperatorOf(int node) => TypeOf(node).Operator;

    internal Shape ShapeOf(int node) => TypeOf(node).Shape;

    internal int CountOf(int node) => TypeOf(node).Count;

    /// <summary>Columns of the whole stack.</summary>
    internal int ColumnsOf(int node)
    {
        ref readonly NodeType type = ref TypeOf(node);
        return checked(type.Count * type.Shape.Columns);
    }

    /// <summary>Elements of the whole stack.</summary>
    internal int LengthOf(int node) => TypeOf(node).Length;

    internal long AttributeOf(int node)
    {
        ref readonly NodeType type = ref TypeOf(node);
        return type.InputCount == 0 ? type.Attribute | (uint)_nodes[node].Start : type.Attribute;
    }

    /// <summary>The same value for every example: a parameter, a constant, or computed from those alone.</summary>
    internal bool IsShared(int node) => TypeOf(node).IsShared;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ReadOnlySpan<int> InputsOf(int node)
    {
        ref Node entry = ref _nodes[node];
        int inputs = _types[entry.Type].InputCount;
        return inputs == 1 ? new ReadOnlySpan<int>(in entry.Start) : new ReadOnlySpan<int>(_inputs, inputs == 0 ? 0 : entry.Start, inputs);
    }

    /// <summary>Floating-point operations of the matrix product for one value of a node; 0 where it is none. Inputs 0 and 1 of a product are its
    /// factors.</summary>
    internal long FlopsOf(int node) => OperatorOf(node) is IMatrixProduct product ? product.Flops(this, node) : 0;

    /// <summary>The moves of a gather or scatter-add; empty for other operators.</summary>
    internal ReadOnlySpan<Move> MovesOf(int node) => OperatorOf(node).HasMoves
        ? Moves(AttributeOf(node))
        : [];

    /// <summary>A list made by <see cref="AddMoves"/>.</summary>
    internal ReadOnlySpan<Move> Moves(long attribute) => new(_moves, (int)(attribute >> 32), (int)attribute);

    /// <summary>The same list, to be changed before anything has read it.</summary>
    internal Span<Move> MovesToChange(long attribute) => new(_moves, (int)(attribute >> 32), (int)attribute);

    internal string NameOf(int node) => _names.TryGetValue(node, out string? name) ? name : $"%{node} ({OperatorOf(node).Name})";

    internal string? GivenNameOf(int node) => node > _lastNamed ? null : _names.GetValueOrDefault(node);

    internal void SetName(int node, string name) => (_names[node], _lastNamed) = (name, Math.Max(_lastNamed, node));

    /// <summary>Gives a node the name of a node of another graph, if that has one.</summary>
    internal void TakeName(int node, Graph source, int named)
    {
        if (source.GivenNameOf(named) is string name)
            SetName(node, name);
    }

    internal Expr At(int node) => new(this, node);

    /// <summary>Where the results of a node are.</summary>
    internal ResultRange ResultsOf(int node) => TypeOf(node).ResultsAt(node);

    /// <summary>Room for the inputs of the node that is appended next; kept, so that a sum over a minibatch allocates nothing.</summary>
    internal Span<int> NewInputs(int length)
    {
        RequireOwnThread();
        if (_newInputs.Length < length)
            _newInputs = new int[2 * length];

        return _newInputs.AsSpan(0, length);
    }

    // Where users add nodes: two threads would overwrite each other's.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void RequireOwnThread()
    {
        if (_thread != Environment.CurrentManagedThreadId)
            ThrowOtherThread();
    }

    private void ThrowOtherThread() => throw new InvalidOperationException(
        $"The graph is built by thread {_thread}, which made it or cleared it last; thread {Environment.CurrentManagedThreadId} cannot add to it. "
        + "Build a graph on one thread.");

    /// <summary>Keeps a list of moves; returns the attribute of a gather or scatter-add over it.</summary>
    internal long AddMoves(ReadOnlySpan<Move> moves)
    {
        moves.CopyTo(ReserveMoves(moves.Length, out long attribute));
        return attribute;
    }

    /// <summary>The list of integers of a node: lengths of segments, the vertices of a recurrence; empty for other operators.</summary>
    internal ReadOnlySpan<int> ListOf(int node) => OperatorOf(node).HasList ? List(AttributeOf(node)) : [];

    /// <summary>A list made by <see cref="AddList"/>.</summary>
    internal ReadOnlySpan<int> List(long attribute) => new(_lists, (int)(attribute >> 32), (int)attribute);

    /// <summary>Keeps a list of integers, which is structure, not data; returns the attribute that an operator over it has.</summary>
    internal long AddList(ReadOnlySpan<int> list)
    {
        list.CopyTo(ReserveList(list.Length, out long attribute));
        return attribute;
    }

    /// <summary>Room for a list of integers, to be filled at once.</summary>
    internal Span<int> ReserveList(int length, out long attribute) => Reserve(ref _lists, ref _listLength, length, out attribute);

    /// <summary>The attribute that a copy of another graph's node has here; its moves or its list, if it has any, are copied with it.</summary>
    internal long AttributeFrom(Graph source, int node)
    {
        Operator op = source.OperatorOf(node);
        return op.HasMoves ? AddMoves(source.MovesOf(node)) : op.HasList ? AddList(source.ListOf(node)) : source.AttributeOf(node);
    }

    /// <summary>Takes all moves and lists of another graph, which gets empty memory of the same size for them: graphs that take turns grow together.</summary>
    internal void TakeLists(Graph other)
    {
        Move[] moves = _moves;
        int[] lists = _lists;
        (_moves, _moveCount, _lists, _listLength) = (other._moves, other._moveCount, other._lists, other._listLength);
        (other._moves, other._moveCount) = (moves.Length < _moves.Length ? new Move[_moves.Length] : moves, 0);
        (other._lists, other._listLength) = (lists.Length < _lists.Length ? new int[_lists.Length] : lists, 0);
    }

    /// <summary>Room for a list of moves, to be filled before the next list is added.</summary>
    internal Span<Move> ReserveMoves(int length, out long attribute) => Reserve(ref _moves, ref _moveCount, length, out attribute);

    /// <summary>Gives back what is left of the room that was reserved last.</summary>
    /// <param name="attribute">From <see cref="ReserveMoves"/>.</param>
    /// <param name="length">Moves that were filled in.</param>
    /// <returns>The attribute of these alone.</returns>
    internal long KeepMoves(long attribute, int length)
    {
        _moveCount = (int)(attribute >> 32) + length;
        return attribute & ~(long)uint.MaxValue | (uint)length;
    }

    private static Span<T> Reserve<T>(ref T[] all, ref int used, int length, out long attribute)
    {
        int start = used;
        if (start + length > all.Length)
            Array.Resize(ref all, Math.Max(all.Length * 2, start + length));

        used += length;
        attribute = (long)start << 32 | (uint)length;
        return all.AsSpan(start, length);
    }
}
