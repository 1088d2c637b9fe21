using System.Runtime.InteropServices;
using BlasNet.Batching;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Differentiation;

/// <summary>Makes one sum of several sums over stacks: a weight's gradient is then one product over all steps of a recurrence, Σ dy·xᵀ.</summary>
internal sealed class SumMerger
{
    private readonly StackBuilder _operand = new();
    private readonly HashSlots _slots = new();    // place of a group's first term + 1
    private readonly List<int> _next = [];        // of each place, that of the next term alike; 0 for none
    private readonly List<bool> _follows = [];    // whether there is a term alike before it
    private readonly List<int> _alike = [];
    private Graph _graph = null!;

    /// <summary>Replaces terms that are sums alike by one sum over all their values, appended to the graph.</summary>
    /// <param name="graph">The graph of the terms.</param>
    /// <param name="terms">Changed in place. Time O(terms).</param>
    public void Run(Graph graph, List<int> terms)
    {
        if (terms.Count < 2)
            return;

        _graph = graph;
        FindAlike(CollectionsMarshal.AsSpan(terms));
        int count = 0;
        for (int place = 0; place < terms.Count; place++)
        {
            if (!_follows[place])
                terms[count++] = _next[place] == 0 ? terms[place] : Merge(terms, place);
        }

        terms.RemoveRange(count, terms.Count - count);
    }

    // From the last one to the first, so that each place found is the group's first so far.
    private void FindAlike(ReadOnlySpan<int> terms)
    {
        _slots.Clear(terms.Length);
        CollectionsMarshal.SetCount(_next, terms.Length);
        CollectionsMarshal.SetCount(_follows, terms.Length);
        for (int place = terms.Length - 1; place >= 0; place--)
        {
            int term = terms[place];
            (_next[place], _follows[place]) = (0, false);
            if (_graph.OperatorOf(term).Merging != Merging.Sum || !AreAlike(term, term))
                continue;

            ref int slot = ref _slots.First(HashOf(term));
            while (slot != 0 && !AreAlike(term, terms[slot - 1]))
                slot = ref _slots.Next(ref slot);

            if (slot != 0)
                (_next[place], _follows[slot - 1]) = (slot - 1, true);

            slot = place + 1;
        }
    }

    private ulong HashOf(int term)
    {
        ulong hash = (uint)_graph.OperatorOf(term).Id * Hashing.Multiplier ^ (ulong)_graph.AttributeOf(term);
        foreach (int input in _graph.InputsOf(term))
            hash = (hash ^ (hash >> 31) ^ (ulong)_graph.ShapeOf(input).ToAttribute()) * Hashing.Multiplier;

        return hash;
    }

    private bool AreAlike(int term, int other)
    {
        ReadOnlySpan<int> left = _graph.InputsOf(term), right = _graph.InputsOf(other);
        if (_graph.OperatorOf(term) != _graph.OperatorOf(other) || _graph.AttributeOf(term) != _graph.AttributeOf(other) || left.Length != right.Length)
            return false;

        for (int i = 0; i < left.Length; i++)
        {
            bool isStacked = !_graph.IsShared(right[i]) && _graph.CountOf(right[i]) == _graph.CountOf(right[0]);
            if (!isStacked || _graph.ShapeOf(left[i]) != _graph.ShapeOf(right[i]))
                return false;
        }

        return true;
    }

    private int Merge(List<int> terms, int first)
    {
        _alike.Clear();
        int place = first;
        do
            _alike.Add(terms[place]);
        while ((place = _next[place]) != 0);

        return Merge(terms[first]);
    }

    private int Merge(int first)
    {
        Span<int> operands = stackalloc int[_graph.InputsOf(first).Length];
        for (int slot = 0; slot < operands.Length; slot++)
            operands[slot] = Operand(slot);

        return _graph.AppendStack(_graph.OperatorOf(first), _graph.AttributeOf(first), operands, _graph.ShapeOf(first), 1, shared: false);
    }

    private int Operand(int slot)
    {
        int count = 0;
        _operand.Begin(_graph);
        foreach (int term in _alike)
        {
            int input = _graph.InputsOf(term)[slot];
            _operand.Add(input, 0, _graph.LengthOf(input));
            count += _graph.CountOf(input);
        }

        return _operand.ToOperand(_graph.ShapeOf(_graph.InputsOf(_alike[0])[slot]), count, shared: false);
    }
}
