using System.Globalization;
using System.Text;
using static BlasNet.Drawing.SvgText;

namespace BlasNet.Drawing;

/// <summary>Writes a laid-out picture as SVG; classes of <see cref="Theme"/> give it its colours.</summary>
internal static class GraphSvg
{
    private const double KeyHeight = 26, NoteHeight = 22;

    private static int _lastId;

    public static string Write(Picture picture, DrawingOptions options)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"g{Interlocked.Increment(ref _lastId)}");
        var (keyWidth, key) = options.ShowKey ? KeyOf(picture) : (0, "");
        string? note = picture.IsFolded ? string.Create(CultureInfo.InvariantCulture,
            $"{picture.Nodes:#,0} nodes, folded: a pile of boxes with a number stands for so many nodes that look alike.") : null;
        double width = Math.Max(Math.Max(picture.Width, keyWidth), note is null ? 0 : note.Length * 7.3 + 16);
        double height = picture.Height + (options.ShowKey ? KeyHeight : 0) + (note is null ? 0 : NoteHeight), shift = (width - picture.Width) / 2;
        var svg = new StringBuilder();
        svg.Line($"<svg class=\"graph\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {Px(width)} {Px(height)}\" width=\"{Px(width)}\" height=\"{Px(height)}\">");
        svg.Line($"<title>{Escape(options.Title)}</title><desc>{Escape(options.Description ?? Describe(picture))}</desc>");
        if (options.IsComplete)
            svg.Line($"{Theme.Element}");

        svg.Line($"<defs><marker id=\"{id}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\"><path class=\"head\" d=\"M0 0L10 5L0 10z\"/></marker></defs>");
        svg.Line($"<g transform=\"translate({Px(shift)} 0)\">");
        foreach (Link link in picture.Links)
            svg.Line($"<path class=\"edge{(link.IsBack ? " back" : "")}\" data-from=\"{link.From.Node}\" data-to=\"{link.To.Node}\" marker-end=\"url(#{id})\" d=\"{PathOf(link)}\"/>");

        foreach (Box box in picture.Boxes)
            WriteBox(svg, box);

        svg.Line($"</g>");
        if (options.ShowKey)
            svg.Line($"<g transform=\"translate({Px((width - keyWidth) / 2)} {Px(picture.Height)})\">{key}</g>");

        if (note is not null)
            svg.Line($"<text class=\"type\" x=\"{Px(width / 2)}\" y=\"{Px(height - 7)}\">{note}</text>");

        return svg.Append("</svg>\n").ToString();
    }

    // From the lower edge of one box to the upper edge of the other, vertical at every point it passes.
    private static string PathOf(Link link)
    {
        var (from, to) = (link.From, link.To);
        if (from == to)
        {
            double right = from.Right, y = from.Centre.Y;
            return $"M{Px(right)} {Px(y + 9)}C{Px(right + 26)} {Px(y + 16)} {Px(right + 26)} {Px(y - 16)} {Px(right + 2)} {Px(y - 9)}";
        }

        if (link.IsBack)
        {
            double x = link.Route[0].X, up = to.Centre.Y < from.Centre.Y ? -1 : 1;
            return $"M{Px(from.Right)} {Px(from.Centre.Y)}H{Px(x - 10)}q10 0 10 {Px(10 * up)}V{Px(to.Centre.Y - 10 * up)}q0 {Px(10 * up)} -10 {Px(10 * up)}H{Px(to.Right + 2)}";
        }

        (double X, double Y)[] points = [(Port(from, to.Centre.X, link.Route.FirstOrDefault((to.Centre.X, 0)).X), from.Bottom), .. link.Route, (Port(to, from.Centre.X, link.Route.LastOrDefault((from.Centre.X, 0)).X), to.Top - (to.Copies > 1 ? 10 : 2))];
        var path = new StringBuilder($"M{Px(points[0].X)} {Px(points[0].Y)}");
        for (int i = 1; i < points.Length; i++)
        {
            var ((x0, y0), (x1, y1)) = (points[i - 1], points[i]);
            double bend = (y1 - y0) * 0.5;
            path.Append(CultureInfo.InvariantCulture, $"C{Px(x0)} {Px(y0 + bend)} {Px(x1)} {Px(y1 - bend)} {Px(x1)} {Px(y1)}");
        }

        return path.ToString();
    }

    // Arrows leave and arrive a little towards the other side, so that several of them can be told apart.
    private static double Port(Box box, double otherX, double nextX) =>
        box.Centre.X + Math.Clamp((nextX == 0 ? otherX : nextX) - box.Centre.X, -0.28 * box.Size.Width, 0.28 * box.Size.Width);

    private static void WriteBox(StringBuilder svg, Box box)
    {
        string example = box.Example is > 0 and <= 4 ? $" e{box.Example}" : "";
        double radius = box.Style is "parameter" or "data" ? 3 : 10;
        svg.Line($"<g class=\"node {box.Style}{example}\" data-node=\"{box.Node}\">");
        for (int card = Math.Min(box.Copies - 1, 2); card >= 0; card--)
            svg.Line($"<rect class=\"box\" x=\"{Px(box.Left + 4 * card)}\" y=\"{Px(box.Top - 4 * card)}\" width=\"{Px(box.Size.Width)}\" height=\"{Px(box.Size.Height)}\" rx=\"{Px(radius)}\"/>");

        double chips = box.Chips.Sum(chip => PictureBuilder.ChipWidth(chip) + 6), x = box.Centre.X - chips / 2, y = box.Top + 19;
        svg.Line($"<text x=\"{Px(x)}\" y=\"{Px(y)}\">{Escape(box.Caption)}</text>");
        x += PictureBuilder.CaptionWidth(box.Caption) / 2 + 6;
        foreach (string chip in box.Chips)
        {
            double width = PictureBuilder.ChipWidth(chip);
            svg.Line($"<rect class=\"chip\" x=\"{Px(x)}\" y=\"{Px(y - 13)}\" width=\"{Px(width)}\" height=\"17\" rx=\"3\"/><text x=\"{Px(x + width / 2)}\" y=\"{Px(y)}\">{Escape(chip)}</text>");
            x += width + 6;
        }

        svg.Line($"<text class=\"type\" x=\"{Px(box.Centre.X)}\" y=\"{Px(y + 16)}\">{Escape(box.Type)}</text>");
        if (box.Copies > 1)
        {
            string copies = box.Copies.ToString("#,0", CultureInfo.InvariantCulture);
            double width = copies.Length * 6.8 + 12;
            svg.Line($"<rect class=\"count\" x=\"{Px(box.Right - 6)}\" y=\"{Px(box.Top - 17)}\" width=\"{Px(width)}\" height=\"17\" rx=\"8\"/><text class=\"badge\" x=\"{Px(box.Right - 6 + width / 2)}\" y=\"{Px(box.Top - 4.5)}\">{copies}</text>");
        }

        for (int cell = 0; cell < box.Cells.Count; cell++)
            svg.Line($"<rect class=\"cell c{(box.Cells[cell] <= 4 ? box.Cells[cell] : 0)}\" x=\"{Px(box.Centre.X - box.Cells.Count * 5 + cell * 10)}\" y=\"{Px(box.Bottom - 11)}\" width=\"10\" height=\"7\"/>");

        svg.Line($"</g>");
    }

    private static (double Width, string Markup) KeyOf(Picture picture)
    {
        var markup = new StringBuilder();
        double x = 8;
        foreach (var (style, meaning) in Styles.All)
        {
            if (picture.Boxes.Any(box => box.Style == style && box.Example == 0) || (style == "parameter" && picture.Boxes.Any(box => box.Chips.Count > 0)))
                Add(style, meaning);
        }

        foreach (int example in picture.Boxes.SelectMany(box => box.Cells.Append(box.Example)).Where(example => example is > 0 and <= ExampleColours.Most).Distinct().Order())
            Add($"e{example}", $"example {example}");

        return (x, markup.ToString());

        void Add(string style, string meaning)
        {
            markup.Append($"<g class=\"{style}\"><rect class=\"box\" x=\"{Px(x)}\" y=\"4\" width=\"14\" height=\"14\" rx=\"{(style is "parameter" or "data" ? 2 : 5)}\"/></g><text class=\"key\" x=\"{Px(x + 20)}\" y=\"15.5\">{meaning}</text>");
            x += 20 + meaning.Length * 7.3 + 18;
        }
    }

    // For who cannot see the drawing: how many of what.
    private static string Describe(Picture picture)
    {
        var counts = picture.Boxes.GroupBy(box => box.Caption.Split(" = ")[^1]).Select(group => $"{group.Sum(box => box.Copies)} {group.Key}");
        return $"{picture.Nodes} nodes and {picture.Links.Count} arrows between {picture.Boxes.Count} boxes: {string.Join(", ", counts.Take(40))}.";
    }
}
