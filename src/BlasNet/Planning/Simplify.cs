using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Planning;

/// <summary>Copies what is needed of a graph, each common subexpression once.</summary>
/// <remarks>Two nodes are the same expression if operator, attribute, shape, count and inputs agree; of gathers and scatter-adds also every
/// run. Hashes only find candidates. Time O(N + E).</remarks>
internal sealed class Simplify(Graph target) : IRewrite
{
    private int[] _map = [];
    private bool[] _needed = [];
    private readonly HashSlots _slots = new();   // node of the target + 1
    private int[] _inputs = new int[16];

    public Graph Target => target;

    public int Locate(int node) => _map[node];

    public void Run(Graph source, ReadOnlySpan<int> kept)
    {
        target.ClearFor(source);
        MarkNeeded(source, kept);
        _slots.Clear(source.Count);
        for (int node = 0; node < source.Count; node++)
        {
            _map[node] = _needed[node] ? Copy(source, node) : -1;
            for (int owner = node, results = source.OperatorOf(node).ResultCount; results > 1 && node < owner + results; node++)
                _map[node + 1] = _map[owner] >= 0 ? _map[owner] + node + 1 - owner : -1;
        }
    }

    private void MarkNeeded(Graph source, ReadOnlySpan<int> outputs)
    {
        if (_map.Length < source.Count)
            (_map, _needed) = (new int[source.Capacity], new bool[source.Capacity]);

        Array.Clear(_needed, 0, source.Count);
        foreach (int output in outputs)
        {
            if (output >= 0)
                _needed[output] = true;
        }

        for (int node = source.Count - 1; node >= 0; node--)
        {
            if (!_needed[node])
                continue;

            foreach (int input in source.InputsOf(node))
                _needed[input] = true;
        }
    }

    private int Copy(Graph source, int node)
    {
        Operator op = source.OperatorOf(node);
        ReadOnlySpan<int> sourceInputs = source.InputsOf(node);
        if (_inputs.Length < sourceInputs.Length)
            _inputs = new int[2 * sourceInputs.Length];

        Span<int> inputs = _inputs.AsSpan(0, sourceInputs.Length);
        for (int i = 0; i < inputs.Length; i++)
            inputs[i] = _map[sourceInputs[i]];

        ref int slot = ref _slots.First(HashOf(source, node, op, inputs));
        for (; slot != 0; slot = ref _slots.Next(ref slot))
        {
            if (IsSame(source, node, op, inputs, slot - 1))
                return slot - 1;
        }

        long attribute = target.AttributeFrom(source, node);
        int copy = target.AppendWithResults(op, attribute, inputs, source.ShapeOf(node), source.CountOf(node), source.IsShared(node));
        if (source.GivenNameOf(node) is string name)
            target.SetName(copy, name);

        slot = copy + 1;
        return copy;
    }

    private static ulong HashOf(Graph source, int node, Operator op, ReadOnlySpan<int> inputs)
    {
        ulong hash = ((ulong)(uint)op.Id << 32 | (uint)source.CountOf(node)) * Hashing.Multiplier;
        hash = (hash ^ (hash >> 31) ^ (op.HasMoves ? RunsHash(source.MovesOf(node)) : (ulong)source.AttributeOf(node))) * Hashing.Multiplier;
        foreach (int input in inputs)
            hash = (hash ^ (hash >> 31) ^ (uint)input) * Hashing.Multiplier;

        return hash;
    }

    // Of some of them, spread over the list: whether all agree is asked where the hashes do.
    private static ulong RunsHash(ReadOnlySpan<Move> runs)
    {
        ulong hash = (uint)runs.Length;
        int step = Math.Max(1, runs.Length / 16);
        for (int i = 0; i < runs.Length; i += step)
            hash = (hash ^ (hash >> 31) ^ ((ulong)(uint)runs[i].Source << 32 | (uint)runs[i].Target)) * 0xD6E8FEB86659FD93;

        return hash;
    }

    private bool IsSame(Graph source, int node, Operator op, ReadOnlySpan<int> inputs, int other)
    {
        if (op != target.OperatorOf(other) || source.ShapeOf(node) != target.ShapeOf(other) || source.CountOf(node) != target.CountOf(other)
            || !inputs.SequenceEqual(target.InputsOf(other)))
            return false;

        return op.HasMoves ? source.MovesOf(node).SequenceEqual(target.MovesOf(other)) : source.AttributeOf(node) == target.AttributeOf(other);
    }
}
