using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Fusion;

/// <summary>Copies a graph, computing W·x + b, where all examples share b, as one product that starts from its bias.</summary>
/// <remarks>Runs on a graph in which every node is needed. The sum stays a node of its own if the product has other readers, or if the sum's only reader
/// is element-wise: that one adds the bias in its own sweep. A graph without such sums stays itself. Time O(N + E).</remarks>
internal sealed class FuseBias(Graph target) : IRewrite
{
    private const int Merged = -1;   // instead of a product's number of readers

    private readonly List<int> _inputs = [];
    private Graph? _unchanged;
    private int[] _map = [], _users = [], _reader = [];   // of each node: its place, the number of its readers, and the last of them

    public Graph Target => _unchanged ?? target;

    public int Locate(int node) => _unchanged is null ? _map[node] : node;

    /// <summary>Whether a node adds a vector that all examples share to each column of a product.</summary>
    /// <param name="graph">Any graph.</param>
    /// <param name="sum">Any node of it.</param>
    /// <param name="product">W·x.</param>
    /// <param name="bias">b.</param>
    public static bool TryFind(Graph graph, int sum, out int product, out int bias)
    {
        (product, bias) = (-1, -1);
        if (!graph.OperatorOf(sum).IsAddition)
            return false;

        ReadOnlySpan<int> terms = graph.InputsOf(sum);
        (product, bias) = graph.OperatorOf(terms[0]).WithBias is null ? (terms[1], terms[0]) : (terms[0], terms[1]);
        return graph.OperatorOf(product).WithBias is not null && graph.ShapeOf(product) == graph.ShapeOf(sum) && graph.CountOf(product) == graph.CountOf(sum)
            && graph.IsShared(bias) && graph.ShapeOf(bias) == new Shape(graph.ShapeOf(sum).Rows);
    }

    public void Run(Graph source, ReadOnlySpan<int> kept)
    {
        _unchanged = HasSum(source) && MergeProducts(source, kept) ? null : source;
        if (_unchanged is not null)
            return;

        target.ClearFor(source);
        for (int node = 0; node < source.Count; node++)
        {
            _map[node] = _users[node] == Merged ? -1 : Copy(source, node);
            if (_map[node] >= 0 && source.GivenNameOf(node) is string name)
                target.SetName(_map[node], name);
        }
    }

    private static bool HasSum(Graph source)
    {
        for (int node = 0; node < source.Count; node++)
        {
            if (TryFind(source, node, out _, out _))
                return true;
        }

        return false;
    }

    private bool MergeProducts(Graph source, ReadOnlySpan<int> kept)
    {
        FindReaders(source, kept);
        bool merges = false;
        for (int node = 0; node < source.Count; node++)
        {
            if (!TryFind(source, node, out int product, out _) || _users[product] != 1
                || (_users[node] == 1 && source.OperatorOf(_reader[node]).IsFusible))
                continue;

            _users[product] = Merged;
            merges = true;
        }

        return merges;
    }

    private void FindReaders(Graph source, ReadOnlySpan<int> kept)
    {
        if (_map.Length < source.Count)
            (_map, _users, _reader) = (new int[source.Capacity], new int[source.Capacity], new int[source.Capacity]);

        Array.Clear(_users, 0, source.Count);
        foreach (int node in kept)
        {
            if (node >= 0)
                _users[node] = 2;
        }

        for (int node = 0; node < source.Count; node++)
        {
            foreach (int input in source.InputsOf(node))
                (_users[input], _reader[input]) = (_users[input] + 1, node);
        }
    }

    private int Copy(Graph source, int node)
    {
        Operator op = source.OperatorOf(node);
        if (op.Storage == Storage.Result)
            return _map[source.InputsOf(node)[0]] + node - source.InputsOf(node)[0];

        _inputs.Clear();
        if (TryFind(source, node, out int product, out int bias) && _users[product] == Merged)
        {
            op = source.OperatorOf(product).WithBias!;
            AddInputs(source.InputsOf(product));
            _inputs.Add(_map[bias]);
        }
        else
        {
            AddInputs(source.InputsOf(node));
        }

        long attribute = target.AttributeFrom(source, node);
        return target.AppendWithResults(op, attribute, CollectionsMarshal.AsSpan(_inputs), source.ShapeOf(node), source.CountOf(node), source.IsShared(node));
    }

    private void AddInputs(ReadOnlySpan<int> inputs)
    {
        foreach (int input in inputs)
            _inputs.Add(_map[input]);
    }
}
