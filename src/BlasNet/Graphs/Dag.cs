using System.Globalization;

namespace BlasNet.Graphs;

/// <summary>The structure of one example, as data: for each vertex the vertices whose states it reads. A chain, a tree, a lattice, any graph without
/// cycles.</summary>
/// <remarks>
/// Immutable, so one may be made for each example and kept, and used by any number of threads. Vertices are numbered from 0, in any order: that of the
/// words of a sentence, the nodes of a tree. Each has either as many places for predecessors as every other one, some of them empty, or any number of
/// predecessors; a <see cref="Recurrence{TState}"/> takes the one or the other. Time and memory O(V + E).
/// </remarks>
public sealed class Dag
{
    // Vertices, places (0 for any number), edges; each vertex's level; then the predecessors: Slots for each vertex, or the ends of the lists and the lists.
    private readonly int[] _list;

    private Dag(int[] list) => _list = list;

    /// <summary>Number of vertices.</summary>
    public int Count => _list[0];

    /// <summary>Places for predecessors that each vertex has; 0 where it has any number.</summary>
    public int Slots => _list[1];

    internal ReadOnlySpan<int> List => _list;

    /// <summary>Each vertex reads the one before it, or with <paramref name="reverse"/> the one after it.</summary>
    /// <param name="length">Number of vertices, at least 1.</param>
    /// <param name="reverse">From the last vertex to the first.</param>
    public static Dag Chain(int length, bool reverse = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, DagList.LongestChain);
        var list = new int[DagList.LengthOfChain(length)];
        DagList.WriteChain(list, reverse);
        return new Dag(list);
    }

    /// <summary>A binary tree, or several.</summary>
    /// <param name="left">For each vertex its first child; −1 where it has none.</param>
    /// <param name="right">For each vertex its second child; −1 where it has none.</param>
    /// <exception cref="ArgumentException">The lengths differ or are 0, a child is no vertex, or there is a cycle.</exception>
    public static Dag Binary(ReadOnlySpan<int> left, ReadOnlySpan<int> right)
    {
        if (left.Length != right.Length)
            throw new ArgumentException($"There are {left.Length} first children, but {right.Length} second ones.", nameof(right));

        var predecessors = new int[2 * left.Length];
        for (int vertex = 0; vertex < left.Length; vertex++)
            (predecessors[2 * vertex], predecessors[(2 * vertex) + 1]) = (left[vertex], right[vertex]);

        return OfPlaces(2, predecessors);
    }

    /// <summary>Vertices with a fixed number of places for predecessors.</summary>
    /// <param name="slots">Places of each vertex, at least 1.</param>
    /// <param name="predecessors">Those of vertex 0, then those of vertex 1, …; −1 for an empty place.</param>
    /// <exception cref="ArgumentException">There is no vertex, the length is no multiple, a predecessor is no vertex, or there is a cycle.</exception>
    public static Dag OfPlaces(int slots, ReadOnlySpan<int> predecessors)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        if (predecessors.IsEmpty || predecessors.Length % slots != 0)
            throw new ArgumentException($"{predecessors.Length} predecessors are not {slots} for each of some vertices.", nameof(predecessors));

        int count = predecessors.Length / slots;
        var list = new int[DagList.Header + count + predecessors.Length];
        (list[0], list[1]) = (count, slots);
        predecessors.CopyTo(list.AsSpan(DagList.Header + count));
        DagList.Complete(list);
        return new Dag(list);
    }

    /// <summary>Vertices with any number of predecessors, whose contributions add up: a dependency tree, a graph of messages.</summary>
    /// <param name="predecessors">For each vertex its predecessors; none for a start. One may stand there several times, and counts as often.</param>
    /// <exception cref="ArgumentException">There is no vertex, a predecessor is no vertex, or there is a cycle.</exception>
    public static Dag OfSets(params ReadOnlySpan<int[]> predecessors)
    {
        if (predecessors.IsEmpty)
            throw new ArgumentException("There is no vertex.", nameof(predecessors));

        int count = predecessors.Length, edges = 0;
        foreach (int[] set in predecessors)
        {
            ArgumentNullException.ThrowIfNull(set, nameof(predecessors));
            edges = checked(edges + set.Length);
        }

        var list = new int[DagList.Header + (2 * count) + edges];
        list[0] = count;
        int next = DagList.Header + (2 * count);
        for (int vertex = 0; vertex < count; vertex++)
        {
            predecessors[vertex].CopyTo(list.AsSpan(next));
            next += predecessors[vertex].Length;
            list[DagList.Header + count + vertex] = next - (DagList.Header + (2 * count));
        }

        DagList.Complete(list);
        return new Dag(list);
    }

    /// <summary>The predecessors of each vertex.</summary>
    public override string ToString() => string.Join("; ", Enumerable.Range(0, Count).Select(Describe));

    private string Describe(int vertex)
    {
        IEnumerable<string> predecessors = new DagList(_list).PredecessorsOf(vertex).ToArray()
            .Select(predecessor => predecessor < 0 ? "–" : predecessor.ToString(CultureInfo.InvariantCulture));
        return string.Create(CultureInfo.InvariantCulture, $"{vertex} ← {string.Join(", ", predecessors)}");
    }
}
