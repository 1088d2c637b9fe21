using System.Numerics;
using System.Numerics.Tensors;
using BlasNet.Graphs;
using BlasNet.Planning;

namespace BlasNet.Execution;

/// <summary>Finds the first node of a run that gives infinity where all that it reads is finite, or something that is not a number where all that it reads is one.</summary>
/// <remarks>So a mask of −∞, which a user adds and a softmax takes away again, is no anomaly.</remarks>
internal sealed class AnomalyDetector
{
    // In the order of what is worse.
    private const byte Unknown = 0, Finite = 1, Infinite = 2, NotANumber = 3;

    private byte[] _kinds = [];   // of what each node computed, since its place may be used again

    /// <summary>The node; −1 where there is none.</summary>
    public int First { get; private set; } = -1;

    public void Begin(int nodes)
    {
        First = -1;
        if (_kinds.Length < nodes)
            _kinds = new byte[nodes];

        Array.Clear(_kinds, 0, nodes);
    }

    /// <summary>Looks at what a node has just computed.</summary>
    /// <returns>Whether it is the first anomaly.</returns>
    public bool Check<T>(Plan plan, int node, IOperandSource<T> source) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        byte kind = KindOf<T>(source.OperandOf(node).Span);
        _kinds[node] = kind;
        if (kind == Finite)
            return false;

        foreach (int input in plan.Graph.InputsOf(node))
        {
            if (KindOfInput(plan, input, source) >= kind)
                return false;
        }

        First = node;
        return true;
    }

    /// <summary>The first parameter or input of an example that is not finite; −1 where there is none.</summary>
    public static int FirstLeaf<T>(Plan plan, IOperandSource<T> source) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int node = 0; node < plan.Graph.Count; node++)
        {
            if (plan[node] is { Space: Space.Data or Space.Parameters } leaf && leaf.Buffer == node && KindOf<T>(source.OperandOf(node).Span) != Finite)
                return node;
        }

        return -1;
    }

    // A view lies in the buffer of another value; leaves do not change.
    private byte KindOfInput<T>(Plan plan, int input, IOperandSource<T> source) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (_kinds[input] == Unknown)
        {
            byte buffer = _kinds[plan[input].Buffer];
            _kinds[input] = buffer != Unknown ? buffer : KindOf<T>(source.OperandOf(input).Span);
        }

        return _kinds[input];
    }

    private static byte KindOf<T>(ReadOnlySpan<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        TensorPrimitives.IsFiniteAll(values) ? Finite : TensorPrimitives.IsNaNAny(values) ? NotANumber : Infinite;
}
