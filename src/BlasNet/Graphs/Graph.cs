using System.Runtime.CompilerServices;
using BlasNet.Graphs.Functions;
using BlasNet.Graphs.Structure;

namespace BlasNet.Graphs;

/// <summary>A computation graph: an append-only list of nodes in which inputs come before their users.</summary>
/// <remarks>
/// The one representation of BlasNet. A per-example graph, the minibatch graph (examples side by side, sharing the parameters), the batched
/// graph and a graph with gradients are all of this type; a pass makes one from another. Stored in a few arrays: adding a node
/// allocates nothing once the arrays have grown, and <see cref="Clear"/> keeps them.
/// </remarks>
public sealed partial class Graph
{
    private Node[] _nodes = new Node[256];
    private int[] _inputs = new int[512];
    private int _inputCount;
    private Shape[] _inputShapes = new Shape[8];   // of the node being added
    private int[] _newInputs = new int[8];         // of the node being added
    private Run[] _runs = new Run[64];
    private int _runCount;
    private readonly Dictionary<int, string> _names = [];

    internal Graph(Precision precision, object? model = null) => (Precision, Model, Data) = (precision, model, new DataPools(precision));

    /// <summary>The element type of every value.</summary>
    public Precision Precision { get; }

    /// <summary>Number of nodes.</summary>
    public int Count { get; private set; }

    /// <summary>Number of nodes that fit before the arrays grow.</summary>
    internal int Capacity => _nodes.Length;

    /// <summary>Number of edges: inputs of all nodes together.</summary>
    public int EdgeCount => _inputCount;

    internal object? Model { get; }

    /// <summary>The function that this graph is the body of; null for other graphs.</summary>
    internal Body? Body { get; set; }

    /// <summary>Whether each node stands for one value of a stack yet to come, so that sums go over terms, never over a stack.</summary>
    internal bool IsBody { get; set; }

    /// <summary>Whether a node is a call of a function.</summary>
    internal bool HasCalls { get; private set; }

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
        Data = source.Data;
    }

    private void Forget()
    {
        Generation++;
        Count = _inputCount = _runCount = 0;
        HasCalls = false;
        _names.Clear();
        ForgetLeaves();
    }

    /// <summary>All that is known of a node, but for its inputs.</summary>
    internal ref readonly Node NodeAt(int node) => ref _nodes[node];

    internal Operator OperatorOf(int node) => _nodes[node].Operator;

    internal Shape ShapeOf(int node) => _nodes[node].Shape;

    internal int CountOf(int node) => _nodes[node].Count;

    /// <summary>Elements of the whole stack.</summary>
    internal int LengthOf(int node) => _nodes[node].Length;

    internal long AttributeOf(int node) => _nodes[node].Attribute;

    /// <summary>The same value for every example: a parameter, a constant, or computed from those alone.</summary>
    internal bool IsShared(int node) => _nodes[node].IsShared;

    internal ReadOnlySpan<int> InputsOf(int node) => InputsOf(_nodes[node]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ReadOnlySpan<int> InputsOf(in Node node) => new(_inputs, node.FirstInput, node.InputCount);

    /// <summary>The moves of a gather or scatter-add; empty for other operators.</summary>
    internal ReadOnlySpan<Run> RunsOf(int node) => _nodes[node].Operator.HasRuns
        ? Runs(_nodes[node].Attribute)
        : [];

    /// <summary>A list made by <see cref="AddRuns"/>.</summary>
    internal ReadOnlySpan<Run> Runs(long attribute) => new(_runs, (int)(attribute >> 32), (int)attribute);

    /// <summary>The same list, for whoever has just made it.</summary>
    internal Span<Run> RunsToChange(long attribute) => new(_runs, (int)(attribute >> 32), (int)attribute);

    internal string NameOf(int node) => _names.TryGetValue(node, out string? name) ? name : $"%{node} ({_nodes[node].Operator.Name})";

    internal string? GivenNameOf(int node) => _names.GetValueOrDefault(node);

    internal void SetName(int node, string name) => _names[node] = name;

    internal Expr At(int node) => new(this, node);

    /// <summary>Adds a node; its shape follows from the operator's rule, its count and sharing from its inputs.</summary>
    /// <exception cref="ShapeException">The inputs break the operator's rule.</exception>
    internal int Append(Operator op, long attribute, ReadOnlySpan<int> inputs)
    {
        int count = 1;
        bool shared = true;
        foreach (int input in inputs)
        {
            ref readonly Node operand = ref _nodes[input];
            if (operand.Count != 1)
            {
                if (count != 1 && count != operand.Count && op.Merging != Merging.Reduction)
                    throw new InvalidOperationException($"{op.Name}: stacks of {count} and {operand.Count} values cannot be combined.");

                count = operand.Count;
            }

            shared &= operand.IsShared;
        }

        return AppendStack(op, attribute, inputs, InferShape(op, attribute, inputs), op.Merging is Merging.Sum or Merging.Reduction ? 1 : count, shared);
    }

    /// <summary>Adds a call of a function and its results.</summary>
    internal Expr AppendCall(CallOperator call, ReadOnlySpan<int> inputs)
    {
        int count = 1;
        bool shared = true;
        foreach (int input in inputs)
        {
            count = Math.Max(count, _nodes[input].Count);
            shared &= _nodes[input].IsShared;
        }

        return new Expr(this, AppendWithResults(call, 0, inputs, call.ResultShape(0), count, shared));
    }

    /// <summary>Adds a node whose shape and count a pass has decided and, where it has several results, the nodes that stand for them.</summary>
    internal int AppendWithResults(Operator op, long attribute, ReadOnlySpan<int> inputs, Shape shape, int count, bool shared)
    {
        int node = AppendStack(op, attribute, inputs, shape, count, shared);
        HasCalls |= op.Callee is not null;
        int results = op.ResultCount;
        for (int result = 0; results > 1 && result < results; result++)
            AppendStack(ResultOperator.Instance, result, new ReadOnlySpan<int>(in node), op.ResultShape(result), count, shared);

        return node;
    }

    /// <summary>Adds a node of a single result, no call, whose shape and count a pass has decided.</summary>
    internal int AppendStack(Operator op, long attribute, ReadOnlySpan<int> inputs, Shape shape, int count, bool shared)
    {
        int node = Count;
        if (node == _nodes.Length)
            Array.Resize(ref _nodes, 2 * _nodes.Length);

        if (_inputCount + inputs.Length > _inputs.Length)
            Array.Resize(ref _inputs, Math.Max(_inputs.Length * 2, _inputCount + inputs.Length));

        _nodes[node] = new Node(op, attribute, shape, count, _inputCount, inputs.Length, shared);
        inputs.CopyTo(_inputs.AsSpan(_inputCount));
        _inputCount += inputs.Length;
        Count = node + 1;
        return node;
    }

    /// <summary>Room for the inputs of the node that is appended next; kept, so that a sum over a minibatch allocates nothing.</summary>
    internal Span<int> NewInputs(int length)
    {
        if (_newInputs.Length < length)
            _newInputs = new int[2 * length];

        return _newInputs.AsSpan(0, length);
    }

    /// <summary>Keeps a list of runs; returns the attribute that a gather or scatter-add over it has.</summary>
    internal long AddRuns(ReadOnlySpan<Run> runs)
    {
        runs.CopyTo(ReserveRuns(runs.Length, out long attribute));
        return attribute;
    }

    /// <summary>The attribute that a copy of another graph's node has here; its runs, if it has any, are copied with it.</summary>
    internal long AttributeFrom(Graph source, int node) =>
        source._nodes[node].Operator.HasRuns ? AddRuns(source.RunsOf(node)) : source._nodes[node].Attribute;

    /// <summary>Room for a list of runs, to be filled at once.</summary>
    internal Span<Run> ReserveRuns(int length, out long attribute)
    {
        int start = _runCount;
        if (start + length > _runs.Length)
            Array.Resize(ref _runs, Math.Max(_runs.Length * 2, start + length));

        _runCount += length;
        attribute = (long)start << 32 | (uint)length;
        return _runs.AsSpan(start, length);
    }

    private Shape InferShape(Operator op, long attribute, ReadOnlySpan<int> inputs)
    {
        if (_inputShapes.Length < inputs.Length)
            _inputShapes = new Shape[2 * inputs.Length];

        Shape[] shapes = _inputShapes;
        for (int i = 0; i < inputs.Length; i++)
            shapes[i] = _nodes[inputs[i]].Shape;

        try
        {
            Shape shape = op.InferShape(shapes.AsSpan(0, inputs.Length), attribute);
            return (long)shape.Rows * shape.Columns <= int.MaxValue ? shape
                : throw new ShapeException(op, $"the result {shape} would have more than {int.MaxValue} elements");
        }
        catch (ShapeException e) when (!e.IsComplete)
        {
            throw e.WithInputs(this, inputs);
        }
    }
}
