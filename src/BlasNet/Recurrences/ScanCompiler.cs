using BlasNet.Graphs.Functions;

namespace BlasNet.Recurrences;

/// <summary>Makes of a recurrence's step what its scan computes, forwards and backwards.</summary>
/// <remarks>In: the bodies of a recurrence. Out: a <see cref="Scan"/>, once for each recurrence, or nothing where the step has what a scan cannot run:
/// messages, a state of more than 31 parts, a matrix that all vertices share and that is no factor of a product. <c>Unroll</c> does those.</remarks>
internal static class ScanCompiler
{
    // The parts of a state that have a gradient from outside are bits of a number.
    private const int MostParts = 31;

    /// <returns>Null where the steps cannot be one node.</returns>
    public static Scan? Run(RecurrenceBody body)
    {
        if (body.Message is not null || body.StateRows.Length > MostParts)
            return null;

        var split = new ScanSplit(body);
        var cell = new ScanCell(split, body.StateRows);
        List<SharedGradient>? shared = SharedGradient.Of(cell);
        if (shared is null)
            return null;

        var backward = new BackwardProgram(cell, shared);
        var forward = ForwardProgram(cell, backward.Saved);
        if (!cell.CanRun(forward.Nodes) || !cell.CanRun(backward.Program.Nodes) || !backward.IsComplete)
            return null;

        return new Scan(new ForwardScan($"{body.Step.Name.Replace(".step", "")}.scan", forward, backward), split.Before(), split.Step, [.. split.Shared]);
    }

    // The new state, then what the gradient reads.
    private static ScanProgram ForwardProgram(ScanCell cell, IReadOnlyList<int> saved)
    {
        int[] results = [.. cell.States, .. saved];
        var places = new ScanPlace[cell.Graph.Count];
        foreach (int node in cell.ReadBy(results, _ => false))
        {
            int argument = cell.ArgumentOf(node), result = Array.IndexOf(results, node);
            places[node] = argument >= cell.StateInputs + cell.BeforeCount ? new ScanPlace(ScanSource.Shared, cell.InputOf(argument))
                : argument >= cell.StateInputs ? new ScanPlace(ScanSource.Stack, cell.InputOf(argument))
                : argument >= 0 ? new ScanPlace(ScanSource.State, argument)
                : result >= 0 ? new ScanPlace(ScanSource.Result, result)
                : new ScanPlace(cell.Graph.InputsOf(node).IsEmpty ? ScanSource.Constant : ScanSource.Scratch);
        }

        return new ScanProgram(cell.Graph, places, [.. results.Select(cell.Graph.ShapeOf)], cell.StateRows);
    }
}
