using BlasNet.Graphs;

namespace BlasNet.Drawing;

/// <summary>Sorts operators into the classes that have a colour.</summary>
internal static class Styles
{
    /// <summary>Every class and what it means, for the key of a drawing.</summary>
    public static readonly (string Style, string Meaning)[] All =
    [
        ("parameter", "parameter"), ("data", "data of an example"), ("product", "matrix product"), ("function", "function"), ("sum", "sum"), ("move", "moves values"), ("call", "call"),
    ];

    public static string Of(GraphNode node) => node.Kind switch
    {
        NodeKind.Leaf => node.IsShared ? "parameter" : "data",
        NodeKind.Product => "product",
        NodeKind.Move => "move",
        NodeKind.Call => "call",
        NodeKind.Sum => "sum",
        _ => node.Operator.StartsWith("sum", StringComparison.Ordinal) ? "sum" : "function",
    };
}
