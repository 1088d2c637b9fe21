using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Memory;
using BlasNet.Planning;

namespace BlasNet.Execution;

/// <summary>Walks a plan: one kernel for each step, on the memory the plan says.</summary>
internal sealed unsafe class Executor<T>(ParameterStore<T> parameters) : IOperandSource<T>, IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NativeBuffer<T> _arena = new();
    private nint[] _addresses = [];
    private Graph _graph = null!;
    private Plan _plan = null!;

    /// <summary>Time by operator; null while nobody asks.</summary>
    public Profile? Profile { get; set; }

    /// <summary>Looks at every value computed, and ends a run at the first that is not finite; null while nobody asks.</summary>
    public AnomalyDetector? Anomalies { get; set; }

    /// <summary>Of the arena as it is: the largest that a plan has asked for.</summary>
    public long ArenaBytes => _arena.Bytes;

    /// <param name="plan">What to run.</param>
    /// <param name="gradients">Receives the gradients that the plan computes, and which columns they touch; may be null where it computes none.</param>
    /// <param name="accumulate">Add to <paramref name="gradients"/> instead of overwriting them.</param>
    public void Run(Plan plan, GradientBuffer<T>? gradients, bool accumulate)
    {
        (_plan, _graph) = (plan, plan.Graph);
        Resolve(gradients is null ? null : gradients.Pointer);
        Anomalies?.Begin(_graph.Count);
        foreach (int node in plan.Order)
        {
            long start = Profile is null ? 0 : Stopwatch.GetTimestamp();
            Operator op = _graph.OperatorOf(node);
            if (plan.SparseParameters[node] is >= 0 and var parameter)
                gradients!.Touch(parameter, OperandOf(_graph.InputsOf(node)[op.ColumnIndexInput]).Span);

            op.Run(new Operands<T>(this, _graph, node, plan.Accumulates[node] || (accumulate && plan.Restarts[node])));
            Profile?.Add(op, Stopwatch.GetTimestamp() - start);
            if (Anomalies?.Check(plan, node, this) == true)
                break;
        }

        GC.KeepAlive(gradients);
        GC.KeepAlive(this);
    }

    /// <summary>A value of the last run: elements of a node's stack.</summary>
    public ReadOnlySpan<T> ValueOf(int node, int offset, int length) => new((T*)_addresses[node] + offset, length);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Operand<T> OperandOf(int node) => new(
        (T*)_addresses[node], _graph.ShapeOf(node), _graph.CountOf(node),
        _graph.OperatorOf(node) == ParameterOperator.Instance ? parameters.PackedOf(ParameterOperator.IndexOf(_graph.AttributeOf(node))) : null,
        _plan.RowIndices.Of(node));

    public bool IsAbsorbed(int node) => _plan.Absorbed[node];

    public void Dispose() => _arena.Dispose();

    private void Resolve(T* gradients)
    {
        int count = _graph.Count;
        if (_addresses.Length < count)
            _addresses = new nint[_graph.Capacity];

        T* arena = _arena.EnsureCapacity(_plan.ArenaLength);
        for (int node = 0; node < count; node++)
        {
            T* address = _plan.Regions[node] switch
            {
                Region.Arena => arena + _plan.Offsets[node],
                Region.Parameters => parameters.Values + _plan.Offsets[node],
                Region.Gradients => gradients + _plan.Offsets[node],
                Region.Data => (T*)_graph.Data.AddressOf(_plan.Offsets[node]),
                _ => null,
            };
            _addresses[node] = (nint)address;
        }

        foreach (int node in _plan.RowIndices.Nodes)
            _addresses[node] = (nint)arena;

        // A view lies in an earlier node's place, a term of a sum in a later one's.
        for (int node = 0; node < count; node++)
        {
            int root = _plan.Roots[node];
            if (root != node && _plan.Regions[root] != Region.None)
                _addresses[node] = (nint)((T*)_addresses[root] + _plan.Displacements[node]);
        }
    }
}
