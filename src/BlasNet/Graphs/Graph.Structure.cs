namespace BlasNet.Graphs;

/// <content>Structure without numbers: what plans are kept by.</content>
public sealed partial class Graph
{
    /// <summary>Copies another graph's nodes, but not its data.</summary>
    internal void TakeStructure(Graph other)
    {
        Clear();
        if (_nodes.Length < other.Count)
            _nodes = new Node[other._nodes.Length];

        if (_inputs.Length < other._inputCount)
            _inputs = new int[other._inputs.Length];

        if (_runs.Length < other._runCount)
            _runs = new Run[other._runs.Length];

        (Count, _inputCount, _runCount) = (other.Count, other._inputCount, other._runCount);
        Array.Copy(other._nodes, _nodes, Count);
        Array.Copy(other._inputs, _inputs, _inputCount);
        Array.Copy(other._runs, _runs, _runCount);
    }

    /// <summary>True if all nodes agree in operator, attribute, shape, count and inputs. Data agrees in place, not in value.</summary>
    internal bool HasStructureOf(Graph other) =>
        Count == other.Count && _inputCount == other._inputCount && _runCount == other._runCount
        && _inputs.AsSpan(0, _inputCount).SequenceEqual(other._inputs.AsSpan(0, _inputCount))
        && HasNodesOf(other)
        && _runs.AsSpan(0, _runCount).SequenceEqual(other._runs.AsSpan(0, _runCount));

    /// <summary>Reads its numbers from another graph's pools from now on.</summary>
    internal void TakeData(Graph other) => Data = other.Data;

    private bool HasNodesOf(Graph other)
    {
        ReadOnlySpan<Node> nodes = _nodes.AsSpan(0, Count), others = other._nodes.AsSpan(0, Count);
        for (int i = 0; i < nodes.Length; i++)
        {
            if (!nodes[i].Is(others[i]))
                return false;
        }

        return true;
    }
}
