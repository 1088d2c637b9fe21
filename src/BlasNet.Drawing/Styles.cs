using BlasNet.Graphs;
using BlasNet.Graphs.Functions;

namespace BlasNet.Drawing;

/// <summary>Sorts operators into the classes that have a colour.</summary>
internal static class Styles
{
    /// <summary>Every class and what it means, for the key of a drawing.</summary>
    public static readonly (string Style, string Meaning)[] All =
    [
        ("parameter", "parameter"), ("data", "data of an example"), ("product", "matrix product"), ("function", "function"), ("sum", "sum"), ("move", "moves values"), ("call", "call"),
    ];

    private static readonly HashSet<string> Moves = ["concatenate", "slice", "pad", "lookup", "reshape", "transpose", "expand", "broadcast", "gather", "part"];

    public static string Of(Graph graph, int node)
    {
        Operator op = graph.OperatorOf(node);
        if (op.Storage == Storage.External)
            return graph.IsShared(node) ? "parameter" : "data";

        if (op is CompositeOperator)
            return "call";

        if (Moves.Contains(op.Name) || op.Storage is Storage.View or Storage.Moves)
            return "move";

        if (graph.FlopsOf(node) > 0)
            return "product";

        return op.Merging is Merging.Reduction || op.Name.StartsWith("sum", StringComparison.Ordinal) || op.Storage == Storage.Accumulator ? "sum" : "function";
    }
}
