using System.Runtime.InteropServices;
using BlasNet.Batching;
using BlasNet.Graphs;

namespace BlasNet.Differentiation;

/// <summary>Makes one sum of several sums over stacks: a weight's gradient is then one product over all steps of a recurrence, Σ dy·xᵀ.</summary>
internal sealed class SumMerger
{
    private readonly StackBuilder _operand = new();
    private readonly List<int> _alike = [];
    private readonly Predicate<int> _isAlike;
    private Graph _graph = null!;

    public SumMerger() => _isAlike = _alike.Contains;

    /// <summary>Replaces terms that are sums alike by one sum over all their values, appended to the graph.</summary>
    /// <param name="graph">The graph of the terms.</param>
    /// <param name="terms">Changed in place.</param>
    public void Run(Graph graph, List<int> terms)
    {
        _graph = graph;
        for (int i = 0; i < terms.Count; i++)
        {
            if (graph.OperatorOf(terms[i]).Merging != Merging.Sum)
                continue;

            FindAlike(CollectionsMarshal.AsSpan(terms)[i..]);
            if (_alike.Count < 2)
                continue;

            terms.RemoveAll(_isAlike);
            terms.Insert(i, Merge());
        }
    }

    private void FindAlike(ReadOnlySpan<int> terms)
    {
        _alike.Clear();
        foreach (int term in terms)
        {
            if (AreAlike(terms[0], term))
                _alike.Add(term);
        }
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

    private int Merge()
    {
        int first = _alike[0];
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
