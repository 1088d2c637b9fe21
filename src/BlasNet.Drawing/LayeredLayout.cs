using GraphShape;
using GraphShape.Algorithms.Layout;
using QuikGraph;

namespace BlasNet.Drawing;

/// <summary>Gives boxes their places: in layers, operands above their users, with few crossings.</summary>
/// <remarks>Sources: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981; Eiglsperger, Siebenhaller,
/// Kaufmann, "An Efficient Implementation of Sugiyama's Algorithm for Layered Graph Drawing", 2004; Brandes, Köpf, 2001 for the horizontal places.</remarks>
internal static class LayeredLayout
{
    private const double Margin = 14, BackGap = 16;

    /// <summary>The mean of the four extreme placements (−1): symmetric where the graph is.</summary>
    private static readonly SugiyamaLayoutParameters Parameters = new()
    {
        LayerGap = 30,
        SliceGap = 20,
        PositionMode = -1,
        OptimizeWidth = false,
        MinimizeEdgeLength = true,
        EdgeRouting = SugiyamaEdgeRouting.Traditional,
    };

    public static void Run(Picture picture)
    {
        Place(picture);
        if (MeanX(picture, 1) > MeanX(picture, 2))
            Mirror(picture);

        Normalize(picture);
    }

    private static void Place(Picture picture)
    {
        var graph = new BidirectionalGraph<Box, Edge<Box>>();
        graph.AddVertexRange(picture.Boxes);
        var edges = picture.Links.Where(link => !link.IsBack).ToDictionary(link => link, link => new Edge<Box>(link.From, link.To));
        graph.AddEdgeRange(edges.Values);

        var sizes = picture.Boxes.ToDictionary(box => box, box => new Size(box.Size.Width, box.Size.Height));
        var layout = new SugiyamaLayoutAlgorithm<Box, Edge<Box>, BidirectionalGraph<Box, Edge<Box>>>(graph, sizes, Parameters);
        layout.Compute();
        foreach (var (box, place) in layout.VerticesPositions)
            box.Centre = (place.X, place.Y);

        foreach (var (link, edge) in edges)
        {
            if (layout.EdgeRoutes.TryGetValue(edge, out Point[]? route) && route is not null)
                link.Route.AddRange(route.Select(point => (point.X, point.Y)));
        }
    }

    // The first example on the left.
    private static double MeanX(Picture picture, int example) =>
        picture.Boxes.Where(box => box.Example == example).Select(box => box.Centre.X).DefaultIfEmpty().Average();

    private static void Mirror(Picture picture)
    {
        foreach (Box box in picture.Boxes)
            box.Centre = (-box.Centre.X, box.Centre.Y);

        foreach (Link link in picture.Links)
        {
            for (int i = 0; i < link.Route.Count; i++)
                link.Route[i] = (-link.Route[i].X, link.Route[i].Y);
        }
    }

    // The origin at the top left; what comes round again passes on the right.
    private static void Normalize(Picture picture)
    {
        double left = picture.Boxes.Min(box => box.Left), top = picture.Boxes.Min(box => box.Top) - (picture.IsFolded ? 10 : 0);
        IEnumerable<(double X, double Y)> bends = picture.Links.SelectMany(link => link.Route);
        left = Math.Min(left, bends.Select(point => point.X).DefaultIfEmpty(left).Min());
        var (dx, dy) = (Margin - left, Margin - top);
        foreach (Box box in picture.Boxes)
            box.Centre = (box.Centre.X + dx, box.Centre.Y + dy);

        foreach (Link link in picture.Links)
        {
            for (int i = 0; i < link.Route.Count; i++)
                link.Route[i] = (link.Route[i].X + dx, link.Route[i].Y + dy);
        }

        double right = picture.Boxes.Max(box => box.Right);
        right = Math.Max(right, picture.Links.SelectMany(link => link.Route).Select(point => point.X).DefaultIfEmpty(right).Max());
        foreach (Link link in picture.Links.Where(link => link.IsBack && link.From != link.To).OrderBy(link => link.From.Bottom - link.To.Top))
        {
            right += BackGap;
            link.Route.Add((right, link.From.Centre.Y));
            link.Route.Add((right, link.To.Centre.Y));
        }

        bool hasLoop = picture.Links.Any(link => link.From == link.To);
        picture.Width = right + Margin + (hasLoop ? BackGap + 6 : 0);
        picture.Height = picture.Boxes.Max(box => box.Bottom) + Margin;
        if (picture.IsFolded)
            picture.Width += BackGap; // for the numbers at the upper right
    }
}
