using System.Numerics;
using System.Numerics.Tensors;
using BlasNet.Graphs;
using BlasNet.Planning;

namespace BlasNet.Execution;

/// <summary>Finds the first node of a run whose value is worse than all its inputs: infinite where they are finite, or NaN where none of them is NaN.</summary>
/// <remarks>So a mask of −∞ that a user adds before a softmax is no anomaly.</remarks>
internal sealed class AnomalyDetector
{
    // From good to bad.
    private const byte Unknown = 0, Finite = 1, Infinite = 2, NotANumber = 3;

    private byte[] _kinds = [];   // of each computed value, whose memory may be used again

    /// <summary>The node; −1 if there is none.</summary>
    public int First { get; private set; } = -1;

    public void Begin(int nodes)
    {
        First = -1;
        if (_kinds.Length < nodes)
            _kinds = new byte[nodes];

        Array.Clear(_kinds, 0, nodes);
    }

    /// <summary>Checks what a node has just computed.</summary>
    /// <returns>Whether it is the first anomaly.</returns>
    public bool Check<T>(Plan plan, int node, IOperandSource<T> source) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        byte kind = KindOfResults(plan, node, source);
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

    /// <summary>The first parameter or input of an example that is not finite; −1 if there is none.</summary>
    public static int FirstLeaf<T>(Plan plan, IOperandSource<T> source) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int node = 0; node < plan.Graph.Count; node++)
        {
            if (plan[node] is { Space: Space.Data or Space.Parameters } leaf && leaf.Buffer == node && KindOf<T>(source.OperandOf(node).Span) != Finite)
                return node;
        }

        return -1;
    }

    // The worst of the results. One that nothing reads is not computed.
    private byte KindOfResults<T>(Plan plan, int node, IOperandSource<T> source) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        byte worst = Finite;
        ResultRange results = plan.Graph.ResultsOf(node);
        for (int result = results.First; result < results.End; result++)
        {
            if (plan[result].Space == Space.None)
                continue;

            _kinds[result] = KindOf<T>(source.OperandOf(result).Span);
            worst = Math.Max(worst, _kinds[result]);
        }

        return worst;
    }

    // A view lies in the buffer of another value; leaves do not change. A value read through row indices is as bad as the values they lead to.
    private byte KindOfInput<T>(Plan plan, int input, IOperandSource<T> source) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (_kinds[input] == Unknown && plan[input].IsIndexed)
        {
            foreach (int indexed in plan.Graph.InputsOf(input))
                _kinds[input] = Math.Max(_kinds[input], KindOfInput(plan, indexed, source));
        }
        else if (_kinds[input] == Unknown)
        {
            byte buffer = _kinds[plan[input].Buffer];
            _kinds[input] = buffer != Unknown ? buffer : KindOf<T>(source.OperandOf(input).Span);
        }

        return _kinds[input];
    }

    private static byte KindOf<T>(ReadOnlySpan<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        TensorPrimitives.IsFiniteAll(values) ? Finite : TensorPrimitives.IsNaNAny(values) ? NotANumber : Infinite;
}
