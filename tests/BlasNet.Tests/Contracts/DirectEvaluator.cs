using System.Numerics;
using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Tests.Contracts;

/// <summary>Runs the forward kernel of every node into a buffer of its own: operators without passes, planner or executor.</summary>
internal sealed unsafe class DirectEvaluator<T> : IOperandSource<T>, IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Graph _graph;
    private readonly List<nint> _buffers = [];

    public DirectEvaluator(Graph graph)
    {
        _graph = graph;
        while (_buffers.Count < graph.Count)
        {
            int node = _buffers.Count;
            if (graph.OperatorOf(node) is LeafOperator)
            {
                _buffers.Add(graph.Data.AddressOf(graph.AttributeOf(node)));
                continue;
            }

            _buffers.Add((nint)NativeMemory.Alloc((nuint)(graph.LengthOf(node) * sizeof(T))));
            OperandOf(node).Span.Fill(T.NaN);   // what a kernel forgets to write shows
            graph.OperatorOf(node).Forward(new Operands<T>(this, graph, node, accumulate: false));
        }
    }

    public ReadOnlySpan<T> this[Expr node] => OperandOf(node.Index).Span;

    public Operand<T> OperandOf(int node) => new((T*)_buffers[node], _graph.ShapeOf(node), _graph.CountOf(node));

    public bool IsInSum(int node) => false;

    /// <summary>Runs one node again, adding to what its buffer holds.</summary>
    public void Accumulate(Expr node) =>
        _graph.OperatorOf(node.Index).Forward(new Operands<T>(this, _graph, node.Index, accumulate: true));

    /// <summary>Runs one node again with its output in the place of an input, which is lost.</summary>
    public void RunInPlace(Expr node, Expr input)
    {
        nint own = _buffers[node.Index];
        _buffers[node.Index] = _buffers[input.Index];
        _graph.OperatorOf(node.Index).Forward(new Operands<T>(this, _graph, node.Index, accumulate: false));
        _buffers[node.Index] = own;
        OperandOf(input.Index).Span.CopyTo(OperandOf(node.Index).Span);
    }

    public void Dispose()
    {
        for (int node = 0; node < _buffers.Count; node++)
        {
            if (_graph.OperatorOf(node) is not LeafOperator)
                NativeMemory.Free((void*)_buffers[node]);
        }
    }
}
