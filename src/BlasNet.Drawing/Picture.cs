namespace BlasNet.Drawing;

/// <summary>A box of a drawing: a node of the graph, or several that look alike.</summary>
internal sealed class Box
{
    /// <summary>A node of the graph, the first of those that this box stands for.</summary>
    public required int Node { get; init; }

    /// <summary>How many nodes it stands for.</summary>
    public int Copies { get; set; } = 1;

    /// <summary>What is computed: <c>h = tanh</c>.</summary>
    public required string Caption { get; set; }

    /// <summary>Shape and stack: <c>[10] ×128</c>.</summary>
    public required string Type { get; set; }

    /// <summary>The class of operator, which decides the colour.</summary>
    public required string Style { get; init; }

    /// <summary>Shared operands that are named within the box instead of being drawn.</summary>
    public List<string> Chips { get; } = [];

    /// <summary>The example it belongs to, from 1; 0 if to none or to several.</summary>
    public int Example { get; set; }

    /// <summary>The examples of the values of its stack, in order; empty if they are not shown.</summary>
    public IReadOnlyList<int> Cells { get; set; } = [];

    /// <summary>Width and height in pixels.</summary>
    public (double Width, double Height) Size { get; set; }

    /// <summary>Its centre.</summary>
    public (double X, double Y) Centre { get; set; }

    public double Left => Centre.X - Size.Width / 2;

    public double Right => Centre.X + Size.Width / 2;

    public double Top => Centre.Y - Size.Height / 2;

    public double Bottom => Centre.Y + Size.Height / 2;
}

/// <summary>An arrow from an operand to its user.</summary>
internal sealed class Link(Box from, Box to)
{
    public Box From { get; } = from;

    public Box To { get; } = to;

    /// <summary>Where a folded recurrence comes round again.</summary>
    public bool IsBack { get; set; }

    /// <summary>Points between the two boxes that the arrow passes.</summary>
    public List<(double X, double Y)> Route { get; } = [];
}

/// <summary>A graph reduced to what is drawn of it.</summary>
/// <param name="Boxes">In the order in which they can be computed.</param>
/// <param name="Links">Between them.</param>
/// <param name="Nodes">How many nodes the graph has.</param>
internal sealed record Picture(IReadOnlyList<Box> Boxes, IReadOnlyList<Link> Links, int Nodes)
{
    /// <summary>Whether some box stands for several nodes.</summary>
    public bool IsFolded => Boxes.Any(box => box.Copies > 1);

    public double Width { get; set; }

    public double Height { get; set; }
}
