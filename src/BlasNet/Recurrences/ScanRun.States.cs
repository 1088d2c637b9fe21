using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Recurrences;

/// <content>The states that a level goes on from, and the gradients that come back to it.</content>
internal sealed unsafe partial class ScanRun<T>
{
    private readonly NativeBuffer<nint> _indices = new();

    // Where the predecessors of a level lie one after another their states are read where they are; else they are found by row indices, or copied.
    private void PlaceStates(ScanList list, ReadOnlySpan<nint> starts, ReadOnlySpan<nint> states, int first, int width)
    {
        nint* indices = _indices.EnsureCapacity((long)_program.States.Length * width);
        foreach (ScanState state in _program.States)
        {
            int rows = _program.StateRows[state.Part];
            T* fromStart = (T*)starts[state.Part], fromState = (T*)states[state.Part], data = (T*)_starts[state.Node];
            nint* rowIndices = null;
            if (list.RunLength(state.Slot, first, first + width) == width && list.PredecessorsOf(first)[state.Slot] is >= 0 and var place)
                data = StateAt(list, place, fromStart, fromState, rows);
            else if (!state.IsIndirect)
                CopyStates(list, state.Slot, fromStart, fromState, data, rows, first, first + width);
            else
                data = IndexStates(list, state.Slot, fromStart, fromState, rowIndices = indices, rows, first, width);

            indices += width;
            _operands[state.Node] = new Operand<T>(data, new Shape(rows), width, rowIndices: rowIndices);
        }
    }

    private static T* StateAt(ScanList list, int place, T* starts, T* states, nint rows) =>
        place < list.Starts ? starts + (place * rows) : states + ((place - list.Starts) * rows);

    /// <returns>What the indices count from.</returns>
    private static T* IndexStates(ScanList list, int slot, T* starts, T* states, nint* indices, nint rows, int first, int width)
    {
        T* data = starts < states ? starts : states;
        for (int i = 0; i < width; i++)
        {
            int place = list.PredecessorsOf(first + i)[slot];
            indices[i] = place < 0 ? -1 : (nint)(StateAt(list, place, starts, states, rows) - data);
        }

        return data;
    }

    private static void CopyStates(ScanList list, int slot, T* starts, T* states, T* target, int rows, int first, int end)
    {
        for (int vertex = first; vertex < end;)
        {
            int run = list.RunLength(slot, vertex, end), place = list.PredecessorsOf(vertex)[slot];
            nint length = (nint)run * rows;
            if (place < 0)
                new Span<T>(target, (int)length).Clear();
            else
                Rows.Copy(StateAt(list, place, starts, states, rows), 0, target, 0, length, 1);

            vertex += run;
            target += length;
        }
    }

    // The gradient of a state: what comes from outside, and what the vertices after it give back.
    private void SumSeeds(ScanList list, ReadOnlySpan<int> gradients, ReadOnlySpan<nint> seeds, int first, int width)
    {
        int parts = _program.StateRows.Length;
        foreach (int node in _program.Nodes)
        {
            if (_program.Places[node] is not { Source: ScanSource.Seed, Index: var part })
                continue;

            nint rows = _program.StateRows[part];
            T* sum = (T*)_starts[node], outside = seeds[part] == 0 ? null : (T*)seeds[part] + (first * rows);
            for (int vertex = 0; vertex < width;)
            {
                int run = RunOfEdges(list, first + vertex, first + width);
                T* from = outside == null ? null : outside + (vertex * rows);
                foreach (int edge in list.EdgesFrom(first + vertex))
                {
                    int result = gradients[(edge / list.Count * parts) + part];
                    if (result >= 0)
                        from = Add((T*)_results[result] + (edge % list.Count * rows), from, sum + (vertex * rows), run * rows);
                }

                Finish(from, sum + (vertex * rows), run * rows);
                vertex += run;
            }
        }
    }

    // Vertices that each have one successor, in their own order, are added in one sweep, and so are those that have none.
    private static int RunOfEdges(ScanList list, int vertex, int end)
    {
        int run = 1;
        ReadOnlySpan<int> edges = list.EdgesFrom(vertex);
        if (edges.IsEmpty)
        {
            while (vertex + run < end && list.EdgesFrom(vertex + run).IsEmpty)
                run++;
        }
        else if (edges.Length == 1)
        {
            int limit = Math.Min(end - vertex, list.Count - (edges[0] % list.Count));   // the next slot's edges follow
            while (run < limit && list.EdgesFrom(vertex + run) is [var next] && next == edges[0] + run)
                run++;
        }

        return run;
    }

    /// <returns>The sum so far; null is zero.</returns>
    private static T* Add(T* term, T* sum, T* target, nint length)
    {
        if (sum == null)
            return term;

        if (sum == target)
            Rows.Add(term, 0, target, 0, length, 1);
        else
            Rows.Add(sum, term, target, length);

        return target;
    }

    private static void Finish(T* sum, T* target, nint length)
    {
        if (sum == null)
            new Span<T>(target, checked((int)length)).Clear();
        else if (sum != target)
            Rows.Copy(sum, 0, target, 0, length, 1);
    }
}
