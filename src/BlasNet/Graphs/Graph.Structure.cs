using System.Numerics;
using System.Runtime.InteropServices;
using BlasNet.Memory;

namespace BlasNet.Graphs;

/// <content>The structure of a graph, without its data: the key by which plans are kept.</content>
public sealed partial class Graph
{
    /// <summary>Copies another graph's nodes, but not its data.</summary>
    internal void TakeStructure(Graph other)
    {
        Clear();
        Take(other._nodes, other.Count, ref _nodes);
        Take(other._types, other.TypeCount, ref _types);
        Take(other._inputs, other._inputCount, ref _inputs);
        Take(other._moves, other._moveCount, ref _moves);
        Take(other._lists, other._listLength, ref _lists);
        (Count, EdgeCount, TypeCount) = (other.Count, other.EdgeCount, other.TypeCount);
        (_inputCount, _moveCount, _listLength) = (other._inputCount, other._moveCount, other._listLength);
    }

    /// <summary>A graph of the same nodes and names over the same data, which stays as it is while this one changes.</summary>
    internal Graph Snapshot()
    {
        var copy = new Graph(Precision, Model);
        copy.TakeStructure(this);
        copy.TakeData(this);
        foreach ((int node, string name) in _names)
            copy.SetName(node, name);

        return copy;
    }

    /// <summary>True if all nodes agree in operator, attribute, shape, count and inputs. Data agrees in place, not in value.</summary>
    /// <remarks>Types are compared too: graphs that are built in the same way number them in the same way.</remarks>
    internal bool HasStructureOf(Graph other) =>
        NodesAsNumbers.SequenceEqual(other.NodesAsNumbers)
        && _inputs.AsSpan(0, _inputCount).SequenceEqual(other._inputs.AsSpan(0, _inputCount))
        && _types.AsSpan(0, TypeCount).SequenceEqual(other._types.AsSpan(0, TypeCount))
        && _moves.AsSpan(0, _moveCount).SequenceEqual(other._moves.AsSpan(0, other._moveCount))
        && _lists.AsSpan(0, _listLength).SequenceEqual(other._lists.AsSpan(0, other._listLength));

    /// <summary>Whether nodes are others of this graph once more: of the same types, and each input either as far ahead of its node or, for what all examples
    /// share, the same.</summary>
    /// <param name="first">The first of the others.</param>
    /// <param name="again">The first of those in question.</param>
    /// <param name="count">How many.</param>
    /// <param name="before">Receives what stands in the place of inputs from before <paramref name="first"/>; one for each.</param>
    internal bool HasAgain(int first, int again, int count, Dictionary<int, int> before)
    {
        for (int i = 0; i < count; i++)
        {
            if (_nodes[first + i].Type != _nodes[again + i].Type)
                return false;

            ReadOnlySpan<int> inputs = InputsOf(first + i), others = InputsOf(again + i);
            for (int k = 0; k < inputs.Length; k++)
            {
                if (inputs[k] >= first ? others[k] - inputs[k] != again - first : !IsBefore(inputs[k], others[k], before))
                    return false;
            }
        }

        return true;
    }

    private bool IsBefore(int input, int other, Dictionary<int, int> before)
    {
        if (IsShared(input))
            return other == input;

        ref int known = ref CollectionsMarshal.GetValueRefOrAddDefault(before, input, out bool exists);
        if (!exists)
            known = other;

        return known == other;
    }

    /// <summary>A hash of the structure.</summary>
    internal ulong Fingerprint()
    {
        ulong hash = ((ulong)(uint)TypeCount << 32 | (uint)_inputCount) * Hashing.Multiplier + (uint)_moveCount;
        foreach (long node in NodesAsNumbers)
            hash = (BitOperations.RotateLeft(hash, 29) ^ (ulong)node) * Hashing.Multiplier;

        foreach (int number in _lists.AsSpan(0, _listLength))
            hash = (BitOperations.RotateLeft(hash, 29) ^ (uint)number) * Hashing.Multiplier;

        return hash;
    }

    /// <summary>Reads its numbers from another graph's pools from now on.</summary>
    internal void TakeData(Graph other) => Data = other.Data;

    /// <inheritdoc cref="TakeData(Graph)"/>
    internal void TakeData(DataPools data) => Data = data;

    private ReadOnlySpan<long> NodesAsNumbers => MemoryMarshal.Cast<Node, long>(_nodes.AsSpan(0, Count));

    /// <summary>Makes room for as many nodes as another graph has room for: graphs that take turns grow together, not each when its turn comes.</summary>
    internal void ReserveLike(Graph other)
    {
        Reserve(ref _nodes, other._nodes.Length);
        Reserve(ref _types, other._types.Length);
        Reserve(ref _inputs, other._inputs.Length);
    }

    private static void Reserve<T>(ref T[] array, int length)
    {
        if (array.Length < length)
            Array.Resize(ref array, length);
    }

    private static void Take<T>(T[] source, int count, ref T[] target)
    {
        if (target.Length < count)
            target = new T[source.Length];

        Array.Copy(source, target, count);
    }
}
