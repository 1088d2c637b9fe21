using System.Runtime.CompilerServices;
using BlasNet.Graphs.Functions;
using BlasNet.Memory;

namespace BlasNet.Graphs;

/// <content>How nodes are added. A node of the same operator, attribute and input types as an earlier one has that one's type: nothing is inferred
/// again.</content>
public sealed partial class Graph
{
    private const int MostCompared = 16;            // inputs; a longer list, as the sum of a minibatch's losses has, hardly comes twice

    private NodeType[] _types = new NodeType[32];
    private readonly int[] _known = new int[256];   // by hash: the type, + 1, that an operator and inputs gave last
    private ulong[] _tokens = new ulong[64];        // of the inputs of known types
    private int _tokenCount;
    private Shape[] _inputShapes = new Shape[8];    // of the node being added

    /// <summary>Number of node types.</summary>
    internal int TypeCount { get; private set; }

    /// <summary>Adds a node; its shape follows from the operator's rule, its count and sharing from its inputs.</summary>
    /// <exception cref="ShapeException">The inputs break the operator's rule.</exception>
    internal int Append(Operator op, long attribute, ReadOnlySpan<int> inputs)
    {
        RequireOwnThread();
        ref int known = ref KnownLike(op, attribute, inputs, out bool isKnown);
        if (!isKnown)
            known = 1 + AddInferred(op, attribute, inputs);

        return AppendNode(known - 1, inputs);
    }

    /// <summary>Adds a call of a function and its results.</summary>
    internal int AppendCall(CallOperator call, ReadOnlySpan<int> inputs)
    {
        ref int known = ref KnownLike(call, 0, inputs, out bool isKnown);
        if (!isKnown)
            known = 1 + AddCall(call, inputs);

        return AppendNodes(known - 1, inputs);
    }

    /// <summary>Adds a call like one that the graph has.</summary>
    /// <returns>False if there is none: whether the function can take these inputs is yet to be found out.</returns>
    internal bool TryAppendCall(CallOperator call, ReadOnlySpan<int> inputs, out int node)
    {
        int type = KnownLike(call, 0, inputs, out bool isKnown) - 1;
        node = isKnown ? AppendNodes(type, inputs) : -1;
        return isKnown;
    }

    /// <summary>Adds a node of the shape and count given and, if its operator has several results, the nodes that stand for these.</summary>
    internal int AppendWithResults(Operator op, long attribute, ReadOnlySpan<int> inputs, Shape shape, int count, bool shared) =>
        AppendNodes(AddTypeWithResults(op, attribute, inputs.Length, shape, count, shared), inputs);

    /// <summary>Adds a node of the shape and count given, which has one result.</summary>
    internal int AppendStack(Operator op, long attribute, ReadOnlySpan<int> inputs, Shape shape, int count, bool shared) =>
        AppendNode(AddType(op, attribute, inputs.Length, shape, count, shared), inputs);

    /// <summary>Adds a node like one of another graph over the same data, with its name and its results. As where users build, nodes alike have one
    /// type.</summary>
    internal int AppendLike(Graph source, int node, ReadOnlySpan<int> inputs)
    {
        ref readonly NodeType type = ref source.TypeOf(node);
        int copy = type.InputCount > 0 ? AppendOperator(source, node, inputs)
            : type.Operator.Merging == Merging.Data ? AppendData(type.Operator, source.AttributeOf(node), type.Shape)
            : CopyLeaf(source, node);
        TakeName(copy, source, node);
        return copy;
    }

    /// <summary>Adds a value that is data, as it is in another graph, but at a place of its own.</summary>
    internal int AppendDataLike(Graph source, int node, long place)
    {
        ref readonly NodeType type = ref source.TypeOf(node);
        int copy = type.Operator.Merging == Merging.Data ? AppendData(type.Operator, place, type.Shape)
            : AppendStack(type.Operator, place, [], type.Shape, type.Count, type.IsShared);
        TakeName(copy, source, node);
        return copy;
    }

    private int AppendOperator(Graph source, int node, ReadOnlySpan<int> inputs)
    {
        ref readonly NodeType type = ref source.TypeOf(node);
        Operator op = type.Operator;
        long attribute = AttributeFrom(source, node);
        if (op.HasMoves || op.HasList)
            return AppendWithResults(op, attribute, inputs, type.Shape, type.Count, type.IsShared);

        ref int known = ref KnownLike(op, attribute, inputs, out bool isKnown);
        if (!isKnown || _types[known - 1].Shape != type.Shape || _types[known - 1].Count != type.Count || _types[known - 1].IsShared != type.IsShared)
            known = 1 + AddTypeWithResults(op, attribute, inputs.Length, type.Shape, type.Count, type.IsShared, AddTokens(inputs));

        return AppendNodes(known - 1, inputs);
    }

    /// <summary>Adds an example's number, vector or matrix.</summary>
    /// <param name="op">Which leaf.</param>
    /// <param name="place">In the data pools.</param>
    /// <param name="shape">Of the value.</param>
    internal int AppendData(Operator op, long place, Shape shape)
    {
        long pool = place & ~(long)uint.MaxValue;
        ref int known = ref KnownLike(op, pool, [], out bool isKnown, shape.Columns);
        if (!isKnown || _types[known - 1].Shape != shape)
            known = 1 + AddType(op, pool, 0, shape, 1, shared: false);

        int node = AppendNode(known - 1, []);
        _nodes[node].Start = (int)place;
        return node;
    }

    // The cache entry for an operator, an attribute and input types. A miss means that they were never seen, or evicted by a collision.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref int KnownLike(Operator op, long attribute, ReadOnlySpan<int> inputs, out bool isKnown, int columns = 0)
    {
        ulong hash = (ulong)(uint)op.Id << 32 ^ (ulong)attribute ^ (ulong)columns;
        if (!inputs.IsEmpty)
            hash = (hash ^ (TokenOf(inputs[0]) << 5)) * Hashing.Multiplier ^ TokenOf(inputs[^1]);

        ref int known = ref _known[hash * Hashing.Multiplier >> 56];
        isKnown = known > 0 && IsLike(_types[known - 1], op, attribute, inputs);
        return ref known;
    }

    private bool IsLike(in NodeType type, Operator op, long attribute, ReadOnlySpan<int> inputs)
    {
        if (!ReferenceEquals(type.Operator, op) || type.Attribute != attribute || type.InputCount != inputs.Length || inputs.Length > MostCompared)
            return false;

        ReadOnlySpan<ulong> tokens = _tokens.AsSpan(type.FirstToken, inputs.Length);
        for (int i = 0; i < inputs.Length; i++)
        {
            if (TokenOf(inputs[i]) != tokens[i])
                return false;
        }

        return true;
    }

    // Keeps what later inputs have to be like.
    private int AddTokens(ReadOnlySpan<int> inputs)
    {
        int start = _tokenCount, length = inputs.Length <= MostCompared ? inputs.Length : 0;
        if (start + length > _tokens.Length)
            Array.Resize(ref _tokens, 2 * (start + length));

        for (int i = 0; i < length; i++)
            _tokens[start + i] = TokenOf(inputs[i]);

        _tokenCount += length;
        return start;
    }

    private ulong TokenOf(int node) => _types[_nodes[node].Type].Token;

    private int AddInferred(Operator op, long attribute, ReadOnlySpan<int> inputs)
    {
        int count = 1;
        bool shared = true;
        foreach (int input in inputs)
        {
            ref readonly NodeType operand = ref TypeOf(input);
            if (operand.Count != 1)
            {
                if (count != 1 && count != operand.Count && op.Merging != Merging.Reduction)
                    throw new InvalidOperationException($"{op.Name}: stacks of {count} and {operand.Count} values cannot be combined.");

                count = operand.Count;
            }

            shared &= operand.IsShared;
        }

        Shape shape = InferShape(op, attribute, inputs);
        int tokens = AddTokens(inputs);
        return AddType(op, attribute, inputs.Length, shape, op.Merging is Merging.Sum or Merging.Reduction ? 1 : count, shared, firstToken: tokens);
    }

    /// <summary>Adds a recurrence and its results; its attribute is a list of this graph.</summary>
    internal int AppendRecurrence(RecurrenceOperator op, long list, ReadOnlySpan<int> inputs)
    {
        RequireOwnThread();
        bool shared = true;
        int count = 1;
        foreach (int input in inputs)
            (shared, count) = (shared & IsShared(input), Math.Max(count, CountOf(input)));

        return AppendWithResults(op, list, inputs, new Shape(op.Body.StateRows[0], List(list)[0]), count, shared);
    }

    private int AddCall(CallOperator call, ReadOnlySpan<int> inputs)
    {
        int count = 1;
        bool shared = true;
        foreach (int input in inputs)
        {
            count = Math.Max(count, CountOf(input));
            shared &= IsShared(input);
        }

        int tokens = AddTokens(inputs);
        return AddTypeWithResults(call, 0, inputs.Length, call.ResultShape(0, default), count, shared, tokens);
    }

    private int AddTypeWithResults(Operator op, long attribute, int inputs, Shape shape, int count, bool shared, int firstToken = 0)
    {
        int results = op.ResultCount > 1 ? op.ResultCount : 0;
        int type = AddType(op, attribute, inputs, shape, count, shared, firstToken: firstToken, resultNodes: results);
        for (int result = 1; result <= results; result++)
            AddType(ResultOperator.Instance, result - 1, 1, op.ResultShape(result - 1, shape), count, shared, result);

        return type;
    }

    // Of the node that comes next, or of a result of it.
    private int AddType(Operator op, long attribute, int inputs, Shape shape, int count, bool shared, int result = 0, int firstToken = 0, int resultNodes = 0)
    {
        if (TypeCount == _types.Length)
            Array.Resize(ref _types, 2 * TypeCount);

        if (!HasCalls && op is CompositeOperator)
            FirstCall = Count;

        // A shape has at least one row, so the token of a single value is above every type's number.
        ulong token = shared ? (uint)TypeCount : count == 1 ? (ulong)(uint)shape.Rows << 32 | (uint)shape.Columns : 1UL << 63 | (uint)TypeCount;
        _types[TypeCount] = new NodeType(op, attribute, shape, count, inputs, shared)
        {
            Token = token,
            FirstToken = firstToken,
            Result = result,
            ResultNodes = resultNodes,
        };
        return TypeCount++;
    }

    private int AppendNodes(int type, ReadOnlySpan<int> inputs)
    {
        int node = AppendNode(type, inputs), results = _types[type].ResultNodes;
        for (int result = 1; result <= results; result++)
            AppendNode(type + result, new ReadOnlySpan<int>(in node));

        return node;
    }

    private int AppendNode(int type, ReadOnlySpan<int> inputs)
    {
        int node = Count;
        if (node == _nodes.Length)
            GrowNodes();

        _nodes[node] = new Node { Type = type, Start = inputs.Length switch { 0 => 0, 1 => inputs[0], _ => AddInputs(inputs) } };
        EdgeCount += inputs.Length;
        Count = node + 1;
        return node;
    }

    private int AddInputs(ReadOnlySpan<int> inputs)
    {
        int start = _inputCount;
        if (start + inputs.Length > _inputs.Length)
            Array.Resize(ref _inputs, Math.Max(_inputs.Length * 2, start + inputs.Length));

        inputs.CopyTo(_inputs.AsSpan(start));
        _inputCount = start + inputs.Length;
        return start;
    }

    private Shape InferShape(Operator op, long attribute, ReadOnlySpan<int> inputs)
    {
        if (_inputShapes.Length < inputs.Length)
            _inputShapes = new Shape[2 * inputs.Length];

        Shape[] shapes = _inputShapes;
        for (int i = 0; i < inputs.Length; i++)
            shapes[i] = ShapeOf(inputs[i]);

        try
        {
            return op.InferShape(shapes.AsSpan(0, inputs.Length), attribute);
        }
        catch (ShapeException e) when (!e.IsComplete)
        {
            throw e.WithInputs(op, this, inputs);
        }
    }
}
