using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Kernels;

namespace BlasNet.Graphs;

/// <summary>A stack in memory: <c>Count</c> values of one shape, one after another.</summary>
internal readonly unsafe struct Operand<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public readonly T* Data;
    public readonly Shape Shape;
    public readonly int Count;

    /// <summary>Elements from the start of a column vector to that of the next: more than its rows if it is a part of a longer one.</summary>
    public readonly int Stride;

    /// <summary>Where a parameter keeps its packed form between updates; null for other values.</summary>
    public readonly PackedWeights<T>? Packed;

    /// <summary>For each of the stack's vectors the element where it starts, counted from <see cref="Data"/>, or −1 for zeros; null where the vectors lie
    /// there in order.</summary>
    public readonly nint* RowIndices;

    /// <summary>Values one right after another, or vectors found by row indices.</summary>
    public Operand(T* data, Shape shape, int count, PackedWeights<T>? packed = null, nint* rowIndices = null)
        : this(data, shape, count, shape.Rows)
    {
        Packed = packed;
        RowIndices = rowIndices;
    }

    /// <summary>Values whose column vectors are parts of longer ones.</summary>
    public Operand(T* data, Shape shape, int count, int stride)
    {
        Data = data;
        (Shape, Count, Stride) = (shape, count, stride);
    }

    /// <summary>Whether all elements lie one right after another.</summary>
    public bool IsContiguous => Stride == Shape.Rows || Vectors == 1;

    /// <summary>Number of column vectors in the stack: the rows of the row-major matrix that it is in memory.</summary>
    public int Vectors => Count * Shape.Columns;

    public int Length => Count * Shape.Size;

    /// <summary>All elements, where they lie one right after another.</summary>
    public Span<T> Span => new(Data, Length);

    /// <summary>Value <paramref name="i"/> of the stack, or the one value that all share.</summary>
    public T* At(int i) => Count == 1 ? Data : Data + (nint)i * Shape.Columns * Stride;

    /// <summary>Column vector <paramref name="vector"/> of the stack, or of the one value that all share.</summary>
    public Span<T> VectorAt(int vector) => new(Data + (nint)(Count == 1 ? vector % Shape.Columns : vector) * Stride, Shape.Rows);

    public Span<T> ValueAt(int i) => new(At(i), Shape.Size);

    /// <summary>How a sweep over a result's vectors takes this operand: in one go, or value by value where one matrix is for all values.</summary>
    /// <returns>In how many parts, the vectors of each, and the elements from one vector of this operand to the next.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (int Parts, int Vectors, nint Stride) Over(in Operand<T> result) =>
        Count == result.Count ? (1, result.Vectors, Stride)
        : result.Shape.Columns == 1 ? (1, result.Count, 0)
        : (result.Count, result.Shape.Columns, Stride);

    /// <summary>How many of the stack's vectors, from one of them on, lie one right after another; where the same vector is for all, they all do.</summary>
    /// <param name="start">The first of them.</param>
    /// <param name="count">The end of those that are looked at.</param>
    /// <param name="data">Where it lies; null for a single vector of zeros.</param>
    public int StretchFrom(int start, int count, out T* data)
    {
        if (RowIndices == null)
        {
            data = Data + (nint)(Count == 1 ? start % Shape.Columns : start) * Stride;
            return count - start;
        }

        data = RowIndices[start] < 0 ? null : Data + RowIndices[start];
        int end = start + 1;
        while (data != null && end < count && RowIndices[end] == RowIndices[end - 1] + Shape.Rows)
            end++;

        return end - start;
    }
}

/// <summary>The operands of a kernel: inputs, output and attribute of one node.</summary>
/// <remarks>Pointers into the arena, the parameters and the data pools, resolved by the executor.</remarks>
internal readonly unsafe ref struct Operands<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int _node;
    private readonly ReadOnlySpan<int> _nodes;
    private readonly IOperandSource<T>? _source;
    private readonly ReadOnlySpan<Operand<T>> _given;

    /// <summary>The operands of a node.</summary>
    public Operands(IOperandSource<T> source, Graph graph, int node, bool accumulate)
    {
        _source = source;
        _node = node;
        _nodes = graph.InputsOf(node);
        Output = source.OperandOf(node);
        Attribute = graph.AttributeOf(node);
        Moves = graph.MovesOf(node);
        List = graph.ListOf(node);
        Accumulate = accumulate;
    }

    /// <summary>Operands that are parts of a node's: a chunk of its stack.</summary>
    public Operands(ReadOnlySpan<Operand<T>> inputs, Operand<T> output, long attribute)
    {
        _given = inputs;
        Output = output;
        Attribute = attribute;
    }

    public Operand<T> Output { get; }

    public long Attribute { get; }

    /// <summary>The moves of a gather or scatter-add; empty for other operators.</summary>
    public ReadOnlySpan<Move> Moves { get; }

    /// <summary>The list of an operator that has one; empty for others.</summary>
    public ReadOnlySpan<int> List { get; }

    /// <summary>Add to the output instead of overwriting it.</summary>
    public bool Accumulate { get; }

    public int InputCount => _source is null ? _given.Length : _nodes.Length;

    public Operand<T> this[int input]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _source is null ? _given[input] : _source.OperandOf(_nodes[input]);
    }

    /// <summary>One of several results; its data is null if nothing reads it.</summary>
    public Operand<T> Result(int result) => _source!.OperandOf(_node + 1 + result);

    /// <summary>Receives the time of kernels that this one runs; null to measure nothing.</summary>
    public IKernelTimes? Times => _source?.Times;

    /// <summary>Whether the output, a sum, contains input <paramref name="input"/> already: that one's kernel has added it.</summary>
    public bool IsInSum(int input) => _source is not null && _source.IsInSum(_nodes[input]);
}

/// <summary>Tells where the value of a node lies.</summary>
internal interface IOperandSource<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    Operand<T> OperandOf(int node);

    /// <summary>Whether the only reader of a node, a sum, contains its value already.</summary>
    bool IsInSum(int node);

    /// <summary>Receives the time of each kernel; null to measure nothing.</summary>
    IKernelTimes? Times => null;
}

/// <summary>Collects the time of kernels.</summary>
internal interface IKernelTimes
{
    /// <summary>Runs a kernel.</summary>
    /// <param name="op">Whose it is.</param>
    /// <param name="stack">Its operands.</param>
    void Run<T>(Operator op, in Operands<T> stack) where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}
