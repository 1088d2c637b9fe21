using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Memory;
using BlasNet.Planning;

namespace BlasNet.Execution;

/// <summary>Runs a plan: one kernel for each step, on the memory that the plan assigns.</summary>
internal sealed unsafe class Executor<T>(ParameterStore<T> parameters) : IOperandSource<T>, IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NativeBuffer<T> _arena = new();
    private nint[] _addresses = [];
    private Graph _graph = null!;
    private Plan _plan = null!;

    /// <summary>Collects time by operator; null to measure nothing.</summary>
    public IKernelTimes? Times { get; set; }

    /// <summary>Checks every computed value and stops a run at the first that is not finite; null to check nothing.</summary>
    public AnomalyDetector? Anomalies { get; set; }

    /// <summary>Bytes of the arena, which has grown to the largest that a plan needed.</summary>
    public long ArenaBytes => _arena.Bytes;

    /// <param name="plan">What to run.</param>
    /// <param name="gradients">Receives the gradients that the plan computes, and which columns it writes; may be null if it computes none.</param>
    /// <param name="accumulate">Add to <paramref name="gradients"/> instead of overwriting them.</param>
    /// <param name="arena">Where values go that are to outlive the next run; null for an arena that all runs share.</param>
    public void Run(Plan plan, GradientBuffer<T>? gradients, bool accumulate, T* arena = null)
    {
        (_plan, _graph) = (plan, plan.Graph);
        Resolve(gradients is null ? null : gradients.Pointer, arena is null ? _arena.EnsureCapacity(_plan.ArenaLength) : arena);
        Anomalies?.Begin(_graph.Count);
        foreach (int node in plan.Order)
        {
            Operator op = _graph.OperatorOf(node);
            ref readonly Placement placement = ref plan[node];
            if (placement.Destination == Destination.Columns)
                gradients!.Touch(placement.Parameter, OperandOf(_graph.InputsOf(node)[((IColumnWriter)op).ColumnIndexInput]).Span);

            bool adds = placement.Beta == Beta.One || (placement.Beta == Beta.ZeroThenOne && accumulate);
            var stack = new Operands<T>(this, _graph, node, adds);
            if (Times is null)
                op.Run(stack);
            else
                Times.Run(op, stack);

            if (Anomalies?.Check(plan, node, this) == true)
                break;
        }

        GC.KeepAlive(gradients);
        GC.KeepAlive(this);
    }

    /// <summary>Elements of a node's stack, as the last run left them.</summary>
    public ReadOnlySpan<T> ValueOf(int node, int offset, int length) => new((T*)_addresses[node] + offset, length);

    /// <summary>Where a node's stack begins.</summary>
    public T* AddressOf(int node) => (T*)_addresses[node];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Operand<T> OperandOf(int node) => new(
        (T*)_addresses[node], _graph.ShapeOf(node), _graph.CountOf(node),
        _graph.OperatorOf(node) == ParameterOperator.Instance ? parameters.PackedOf(ParameterOperator.IndexOf(_graph.AttributeOf(node))) : null,
        _plan.RowIndices.Of(_plan[node]));

    public bool IsInSum(int node) => _plan[node].IsTerm;

    public void Dispose() => _arena.Dispose();

    private void Resolve(T* gradients, T* arena)
    {
        int count = _graph.Count;
        if (_addresses.Length < count)
            _addresses = new nint[_graph.Capacity];

        for (int node = 0; node < count; node++)
        {
            ref readonly Placement own = ref _plan[node];
            long offset = _plan[own.Buffer].Offset;
            T* buffer = own.Space switch
            {
                Space.Arena => arena + offset,
                Space.Parameters => parameters.AddressOf((int)offset),
                Space.Gradients => gradients + offset,
                Space.Data => (T*)_graph.Data.AddressOf(offset),
                _ => null,
            };
            _addresses[node] = (nint)(own.Buffer == node ? buffer : buffer + own.Offset);
        }
    }
}
