using System.Globalization;
using BlasNet.Graphs;
using BlasNet.Graphs.Printing;

namespace BlasNet.Drawing;

/// <summary>From a graph to the boxes and arrows that are drawn of it.</summary>
internal static class PictureBuilder
{
    private const double CharacterWidth = 7.9, CharacterWidthOfType = 7.3, Padding = 22, LineHeight = 17;

    /// <summary>In a larger drawing all parameters are named in their users' boxes.</summary>
    private const int MaxBoxesWithParameters = 45;

    public static Picture Build(Graph graph, DrawingOptions options)
    {
        int[] classes = Folding.Run(graph, options.MaxNodes);
        var boxes = new Dictionary<int, Box>();
        var depths = new Dictionary<int, (double Sum, int Count)>();
        int[] depth = DepthsOf(graph);
        for (int node = 0; node < graph.Count; node++)
        {
            if (IsResult(graph, node))
            {
                classes[node] = classes[graph.InputsOf(node)[0]]; // part of its owner's box
                continue;
            }

            if (boxes.TryGetValue(classes[node], out Box? known))
                Join(known, NewBox(graph, node));
            else
                boxes.Add(classes[node], NewBox(graph, node));

            var (sum, count) = depths.GetValueOrDefault(classes[node]);
            depths[classes[node]] = (sum + depth[node], count + 1);
        }

        var links = new Dictionary<(Box, Box), Link>();
        for (int node = 0; node < graph.Count; node++)
        {
            if (IsResult(graph, node))
                continue;

            foreach (int input in graph.InputsOf(node))
                links.TryAdd((boxes[classes[input]], boxes[classes[node]]), new Link(boxes[classes[input]], boxes[classes[node]]));
        }

        // Boxes in the order of their nodes' mean depth, so that what comes back from a later one is the recurrence.
        Box[] order = [.. boxes.OrderBy(entry => depths[entry.Key].Sum / depths[entry.Key].Count).ThenBy(entry => entry.Value.Node).Select(entry => entry.Value)];
        var place = new Dictionary<Box, int>();
        foreach (Box box in order)
            place.Add(box, place.Count);

        foreach (Link link in links.Values)
            link.IsBack = place[link.From] >= place[link.To];

        Box[] drawn = TurnIntoChips(graph, order, links, order.Length <= MaxBoxesWithParameters ? options.MaxArrows : 0);
        if (options.ExampleOf is { } exampleOf)
        {
            foreach (Box box in drawn.Where(box => box.Copies == 1))
                box.Example = exampleOf[box.Node];
        }

        foreach (Box box in drawn)
        {
            if (options.CellsOf is { } cells && cells.TryGetValue(box.Node, out IReadOnlyList<int>? examples) && examples.Count <= 24)
                box.Cells = examples;

            box.Size = SizeOf(box);
        }

        return new Picture(drawn, [.. links.Values], graph.Count);
    }

    // Parameters and constants that many use would cover the drawing with arrows: their users carry their names instead.
    private static Box[] TurnIntoChips(Graph graph, Box[] boxes, Dictionary<(Box, Box), Link> links, int maxArrows)
    {
        var users = links.Values.GroupBy(link => link.From).ToDictionary(group => group.Key, group => group.ToArray());
        var chips = new HashSet<Box>();
        foreach (Box box in boxes)
        {
            bool isLeaf = graph.InputsOf(box.Node).IsEmpty && graph.IsShared(box.Node);
            if (!isLeaf || !users.TryGetValue(box, out Link[]? to) || (box.Style == "parameter" && to.Length <= maxArrows))
                continue;

            chips.Add(box);
            foreach (Link link in to)
            {
                link.To.Chips.Add(box.Caption);
                links.Remove((link.From, link.To));
            }
        }

        return [.. boxes.Where(box => !chips.Contains(box))];
    }

    // One of several results of the node before it.
    private static bool IsResult(Graph graph, int node) => graph.OperatorOf(node) == ResultOperator.Instance;

    private static int[] DepthsOf(Graph graph)
    {
        var depth = new int[graph.Count];
        for (int node = 0; node < graph.Count; node++)
        {
            foreach (int input in graph.InputsOf(node))
                depth[node] = Math.Max(depth[node], depth[input] + 1);
        }

        return depth;
    }

    // What differs within a box is not said of all.
    private static void Join(Box box, Box other)
    {
        box.Copies++;
        if (box.Caption != other.Caption)
            box.Caption = box.Style == "parameter" ? "parameters" : box.Caption.Split(" = ")[^1].Split('(')[0];

        if (box.Type == other.Type)
            return;

        string shape = box.Type.Split(" ×")[0];
        box.Type = shape == other.Type.Split(" ×")[0] ? $"{shape} ×…" : "[…]";
    }

    private static Box NewBox(Graph graph, int node)
    {
        string style = Styles.Of(graph, node), what = TextPrinter.DescriptionOf(graph, node);
        string caption = graph.GivenNameOf(node) is not { } name ? what : style is "parameter" or "data" ? name : $"{name} = {what}";
        if (style == "parameter" && graph.OperatorOf(node).Name == "constant" && graph.ShapeOf(node).IsScalar)
            caption = what["constant(".Length..^1];

        return new Box { Node = node, Caption = Shortened(caption), Type = TextPrinter.TypeOf(graph, node), Style = style };
    }

    private static string Shortened(string caption) => caption.Length <= 34 ? caption : string.Create(CultureInfo.InvariantCulture, $"{caption.AsSpan(0, 33)}…");

    private static (double Width, double Height) SizeOf(Box box)
    {
        double chips = box.Chips.Sum(chip => chip.Length * CharacterWidthOfType + 18);
        double width = Math.Max(box.Caption.Length * CharacterWidth + chips, box.Type.Length * CharacterWidthOfType) + Padding;
        return (Math.Max(width, box.Cells.Count * 10 + Padding), 2 * LineHeight + 10 + (box.Cells.Count > 0 ? 10 : 0));
    }

    /// <summary>Width of the chip that shows a name.</summary>
    public static double ChipWidth(string name) => name.Length * CharacterWidthOfType + 12;

    /// <summary>Width of a caption.</summary>
    public static double CaptionWidth(string caption) => caption.Length * CharacterWidth;
}
