using System.Globalization;
using BlasNet.Graphs;

namespace BlasNet.Drawing;

/// <summary>From a graph to the boxes and arrows that are drawn of it.</summary>
internal static class PictureBuilder
{
    private const double CharacterWidth = 7.9, CharacterWidthOfType = 7.3, Padding = 22, LineHeight = 17;

    /// <summary>In a larger drawing all parameters are named in their users' boxes.</summary>
    private const int MaxBoxesWithParameters = 45;

    /// <summary>A longer stack does not show its values.</summary>
    private const int MaxCells = 24;

    public static Picture Build(Graph graph, DrawingOptions options)
    {
        int[] classes = Folding.Run(graph, options.MaxNodes);
        Dictionary<int, Box> boxes = BoxesOf(graph, classes);
        Dictionary<(Box, Box), Link> links = LinksOf(graph, classes, boxes);
        Box[] order = InOrder(graph, classes, boxes);
        MarkBack(order, links.Values);
        Box[] drawn = TurnIntoChips(graph, order, links, order.Length <= MaxBoxesWithParameters ? options.MaxArrows : 0);
        foreach (Box box in drawn)
        {
            ShowExamples(box, options);
            box.Size = SizeOf(box);
        }

        return new Picture(drawn, [.. links.Values], graph.Count);
    }

    // A box for each class. A result is part of its owner's box.
    private static Dictionary<int, Box> BoxesOf(Graph graph, int[] classes)
    {
        var boxes = new Dictionary<int, Box>();
        for (int i = 0; i < classes.Length; i++)
        {
            GraphNode node = graph.NodeAt(i);
            if (node.Kind == NodeKind.Result)
                classes[i] = classes[node.Inputs[0]];
            else if (boxes.TryGetValue(classes[i], out Box? known))
                Join(known, NewBox(node));
            else
                boxes.Add(classes[i], NewBox(node));
        }

        return boxes;
    }

    private static Dictionary<(Box, Box), Link> LinksOf(Graph graph, int[] classes, Dictionary<int, Box> boxes)
    {
        var links = new Dictionary<(Box, Box), Link>();
        foreach (GraphNode node in NodesWithBoxes(graph))
        {
            Box to = boxes[classes[node.Index]];
            foreach (int input in node.Inputs)
            {
                Box from = boxes[classes[input]];
                links.TryAdd((from, to), new Link(from, to));
            }
        }

        return links;
    }

    // By the mean depth of their nodes, so that an arrow against the order is a recurrence.
    private static Box[] InOrder(Graph graph, int[] classes, Dictionary<int, Box> boxes)
    {
        int[] depths = DepthsOf(graph);
        var means = NodesWithBoxes(graph).GroupBy(node => boxes[classes[node.Index]])
            .ToDictionary(group => group.Key, group => group.Average(node => depths[node.Index]));
        return [.. boxes.Values.OrderBy(box => means[box]).ThenBy(box => box.Node)];
    }

    private static IEnumerable<GraphNode> NodesWithBoxes(Graph graph) =>
        Enumerable.Range(0, graph.Count).Select(graph.NodeAt).Where(node => node.Kind != NodeKind.Result);

    private static void MarkBack(Box[] order, IEnumerable<Link> links)
    {
        var places = new Dictionary<Box, int>();
        foreach (Box box in order)
            places.Add(box, places.Count);

        foreach (Link link in links)
            link.IsBack = places[link.From] >= places[link.To];
    }

    private static void ShowExamples(Box box, DrawingOptions options)
    {
        if (options.ExampleOf is { } exampleOf && box.Copies == 1)
            box.Example = exampleOf[box.Node];

        if (options.CellsOf is { } cells && cells.TryGetValue(box.Node, out IReadOnlyList<int>? examples) && examples.Count <= MaxCells)
            box.Cells = examples;
    }

    // Parameters and constants that many use would cover the drawing with arrows: their users carry their names instead.
    private static Box[] TurnIntoChips(Graph graph, Box[] boxes, Dictionary<(Box, Box), Link> links, int maxArrows)
    {
        var users = links.Values.GroupBy(link => link.From).ToDictionary(group => group.Key, group => group.ToArray());
        var chips = new HashSet<Box>();
        foreach (Box box in boxes)
        {
            GraphNode node = graph.NodeAt(box.Node);
            bool isLeaf = node.Inputs.IsEmpty && node.IsShared;
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

    private static int[] DepthsOf(Graph graph)
    {
        var depth = new int[graph.Count];
        for (int node = 0; node < graph.Count; node++)
        {
            foreach (int input in graph.NodeAt(node).Inputs)
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

    private static Box NewBox(GraphNode node)
    {
        string style = Styles.Of(node), what = node.Description;
        string caption = node.Name is not { } name ? what : style is "parameter" or "data" ? name : $"{name} = {what}";
        if (node.Operator == "constant" && node.Shape.IsScalar)
            caption = what["constant(".Length..^1];

        return new Box { Node = node.Index, Caption = Shortened(caption), Type = node.Type, Style = style };
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
