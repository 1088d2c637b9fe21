using BlasNet.Graphs;

namespace BlasNet.Recurrences;

/// <summary>Where a node of a scan's graph has its value while a level is computed.</summary>
internal enum ScanSource : byte
{
    /// <summary>Nowhere: the program does not use it.</summary>
    None,

    /// <summary>A part of the state of the predecessor in a slot; index: slot · parts + part.</summary>
    State,

    /// <summary>An input of the scan with a value for each vertex.</summary>
    Stack,

    /// <summary>An input of the scan that is the same for all vertices.</summary>
    Shared,

    /// <summary>A result of the scan.</summary>
    Result,

    /// <summary>Memory that the next level overwrites.</summary>
    Scratch,

    /// <summary>The gradient of a part of the state; index: which part.</summary>
    Seed,

    /// <summary>A number of the graph itself.</summary>
    Constant,
}

/// <param name="Source">In what memory.</param>
/// <param name="Index">Which input, result, state or part.</param>
internal readonly record struct ScanPlace(ScanSource Source, int Index = 0);

/// <summary>What a scan computes at each level, and where the values lie.</summary>
/// <param name="Graph">One vertex; every node is a value, or one of several results.</param>
/// <param name="Places">For each node of it.</param>
/// <param name="Results">Their shapes for one vertex.</param>
/// <param name="StateRows">Lengths of the parts of a state.</param>
internal sealed record ScanProgram(Graph Graph, ScanPlace[] Places, Shape[] Results, int[] StateRows)
{
    /// <summary>The nodes that have a place.</summary>
    public int[] Nodes { get; } = [.. Enumerable.Range(0, Places.Length).Where(node => Places[node].Source != ScanSource.None)];

    /// <summary>The nodes that stand for predecessors' states.</summary>
    public ScanState[] States => field ??= [.. Nodes.Where(node => Places[node].Source == ScanSource.State).Select(node => new ScanState(
        node, Places[node].Index / StateRows.Length, Places[node].Index % StateRows.Length, ReadsIndirect(Places[node])))];

    /// <summary>The nodes to compute, in order.</summary>
    public int[] Steps { get; } = [.. Enumerable.Range(0, Places.Length).Where(node =>
        Places[node].Source is ScanSource.Result or ScanSource.Scratch && Graph.OperatorOf(node) != ResultOperator.Instance)];

    /// <summary>Whether the vectors of an input may lie anywhere: all kernels that read it find them by row indices.</summary>
    public bool ReadsIndirect(int input) => ReadsIndirect(new ScanPlace(ScanSource.Stack, input));

    /// <summary>Whether the vectors of a value may lie anywhere; false too where nothing reads it.</summary>
    public bool ReadsIndirect(ScanPlace place)
    {
        bool isRead = false;
        foreach (int step in Steps)
        {
            Operator op = Graph.OperatorOf(step);
            ReadOnlySpan<int> operands = Graph.InputsOf(step);
            for (int i = 0; i < operands.Length; i++)
            {
                if (Places[operands[i]] != place)
                    continue;

                isRead = true;
                if (!op.ReadsIndirect(i))
                    return false;
            }
        }

        return isRead;
    }

    /// <summary>Floating-point operations of the products for one vertex.</summary>
    public long Flops => Steps.Sum(Graph.FlopsOf);

    /// <summary>Elements of states that are copied because those of a level do not lie in order.</summary>
    public long CopiedBy(ScanList list)
    {
        long copied = 0;
        for (int level = 0; level < list.Levels; level++)
        {
            int start = list.StartOf(level), end = list.EndOf(level);
            foreach (ScanState state in States)
            {
                bool isCopied = !state.IsIndirect && list.RunLength(state.Slot, start, end) < end - start;
                copied += isCopied ? (long)(end - start) * StateRows[state.Part] : 0;
            }
        }

        return copied;
    }

    /// <summary>Elements of what a level overwrites.</summary>
    public long ScratchOf(ScanList list)
    {
        long level = 0;
        foreach (int node in Nodes)
            level += Places[node].Source is ScanSource.Scratch or ScanSource.State or ScanSource.Seed ? Graph.ShapeOf(node).Size : 0;

        return level * list.Width;
    }
}

/// <summary>A node that stands for a part of the states of predecessors.</summary>
/// <param name="Node">Which node.</param>
/// <param name="Slot">The predecessors' slot.</param>
/// <param name="Part">The part of the state.</param>
/// <param name="IsIndirect">Whether its vectors may lie anywhere.</param>
internal readonly record struct ScanState(int Node, int Slot, int Part, bool IsIndirect);
