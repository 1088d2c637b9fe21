using System.Runtime.InteropServices;

namespace BlasNet.Graphs;

/// <content>Structure without numbers: what plans are kept by.</content>
public sealed partial class Graph
{
    /// <summary>Copies another graph's nodes, but not its data.</summary>
    internal void TakeStructure(Graph other)
    {
        Clear();
        while (Capacity < other.Count)
            GrowNodes();

        if (_inputs.Length < other._inputCount)
            _inputs = new int[other._inputs.Length];

        if (_runs.Length < other._runCount)
            _runs = new Run[other._runs.Length];

        (Count, _inputCount, _runCount) = (other.Count, other._inputCount, other._runCount);
        Array.Copy(other._operators, _operators, Count);
        Array.Copy(other._shapes, _shapes, Count);
        Array.Copy(other._counts, _counts, Count);
        Array.Copy(other._attributes, _attributes, Count);
        Array.Copy(other._firstInput, _firstInput, Count + 1);
        Array.Copy(other._inputs, _inputs, _inputCount);
        Array.Copy(other._runs, _runs, _runCount);
    }

    /// <summary>True if all nodes agree in operator, attribute, shape, count and inputs. Data agrees in place, not in value.</summary>
    internal bool HasStructureOf(Graph other) =>
        Count == other.Count && _inputCount == other._inputCount && _runCount == other._runCount
        && _attributes.AsSpan(0, Count).SequenceEqual(other._attributes.AsSpan(0, Count))
        && _inputs.AsSpan(0, _inputCount).SequenceEqual(other._inputs.AsSpan(0, _inputCount))
        && _firstInput.AsSpan(0, Count + 1).SequenceEqual(other._firstInput.AsSpan(0, Count + 1))
        && MemoryMarshal.AsBytes(_shapes.AsSpan(0, Count)).SequenceEqual(MemoryMarshal.AsBytes(other._shapes.AsSpan(0, Count)))
        && _counts.AsSpan(0, Count).SequenceEqual(other._counts.AsSpan(0, Count))
        && HasOperatorsOf(other)
        && _runs.AsSpan(0, _runCount).SequenceEqual(other._runs.AsSpan(0, _runCount));

    /// <summary>Reads its numbers from another graph's pools from now on.</summary>
    internal void TakeData(Graph other) => Data = other.Data;

    private bool HasOperatorsOf(Graph other)
    {
        for (int node = 0; node < Count; node++)
        {
            if (!ReferenceEquals(_operators[node], other._operators[node]))
                return false;
        }

        return true;
    }
}
