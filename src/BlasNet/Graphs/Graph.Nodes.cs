using BlasNet.Graphs.Functions;

namespace BlasNet.Graphs;

/// <content>How nodes are added.</content>
public sealed partial class Graph
{
    private Shape[] _inputShapes = new Shape[8];   // of the node being added

    /// <summary>Adds a node; its shape follows from the operator's rule, its count and sharing from its inputs.</summary>
    /// <exception cref="ShapeException">The inputs break the operator's rule.</exception>
    internal int Append(Operator op, long attribute, ReadOnlySpan<int> inputs)
    {
        RequireOwnThread();
        int type = FindType(op, attribute, inputs, out ulong hash);
        return AppendNode(type >= 0 ? type : Keep(AddInferred(op, attribute, inputs), hash), inputs);
    }

    /// <summary>Adds a call of a function and its results.</summary>
    internal int AppendCall(CallOperator call, ReadOnlySpan<int> inputs)
    {
        int type = FindType(call, 0, inputs, out ulong hash);
        return AppendNodes(type >= 0 ? type : Keep(AddCall(call, inputs), hash), inputs);
    }

    /// <summary>Adds a call like one that the graph has.</summary>
    /// <returns>False if there is none: whether the function can take these inputs is yet to be found out.</returns>
    internal bool TryAppendCall(CallOperator call, ReadOnlySpan<int> inputs, out int node)
    {
        int type = FindType(call, 0, inputs, out _);
        node = type >= 0 ? AppendNodes(type, inputs) : -1;
        return type >= 0;
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

        int copy = FindType(op, attribute, inputs, out ulong hash, type.Shape, type.Count, type.IsShared);
        if (copy < 0)
            copy = Keep(AddTypeWithResults(op, attribute, inputs.Length, type.Shape, type.Count, type.IsShared, AddTokens(inputs)), hash);

        return AppendNodes(copy, inputs);
    }

    /// <summary>Adds an example's number, vector or matrix.</summary>
    /// <param name="op">Which leaf.</param>
    /// <param name="place">In the data pools.</param>
    /// <param name="shape">Of the value.</param>
    internal int AppendData(Operator op, long place, Shape shape)
    {
        long pool = place & ~(long)uint.MaxValue;
        int type = FindType(op, pool, [], out ulong hash, shape, count: 1);
        if (type < 0)
            type = Keep(AddType(op, pool, 0, shape, 1, shared: false), hash);

        int node = AppendNode(type, []);
        _nodes[node].Start = (int)place;
        return node;
    }

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
