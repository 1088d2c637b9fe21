namespace BlasNet.Cli.Drawing;

/// <summary>One curve of a chart.</summary>
/// <param name="Name">Written beside its last point.</param>
/// <param name="Points">From left to right; a y that is not finite interrupts the curve.</param>
/// <param name="Colour">1 to 6, or 0 for grey.</param>
internal sealed record ChartSeries(string Name, IReadOnlyList<(double X, double Y)> Points, int Colour)
{
    /// <summary>A curve computed or expected, not measured.</summary>
    public bool Dashed { get; init; }

    /// <summary>Whether each point is marked.</summary>
    public bool Marked { get; init; } = true;

    /// <summary>Whether the name stands in a key at the lower right instead of beside the last point.</summary>
    public bool InKey { get; init; }

    /// <summary>Whether points are joined.</summary>
    public bool Joined { get; init; } = true;

    /// <summary>Low and high for each point, drawn as a band; empty for none.</summary>
    public IReadOnlyList<(double Low, double High)> Band { get; init; } = [];
}

/// <summary>A horizontal line to compare with.</summary>
/// <param name="Name">Written on it.</param>
/// <param name="Y">Its height.</param>
internal sealed record ChartReference(string Name, double Y)
{
    /// <summary>Whether the name stands below the line.</summary>
    public bool Below { get; init; }
}

/// <summary>A line chart, labelled directly. <see cref="ChartSvg"/> draws it.</summary>
/// <param name="Title">What it shows, in a few words; its accessible name.</param>
/// <param name="Description">What a reader who cannot see it should know: the finding, with its numbers.</param>
/// <param name="X">The horizontal axis.</param>
/// <param name="Y">The vertical axis.</param>
/// <param name="Series">The curves.</param>
internal sealed record Chart(string Title, string Description, ChartAxis X, ChartAxis Y, IReadOnlyList<ChartSeries> Series)
{
    /// <summary>Lines to compare with.</summary>
    public IReadOnlyList<ChartReference> References { get; init; } = [];

    /// <summary>Ticks of the x axis, where they are to be these and no others.</summary>
    public IReadOnlyList<double>? XTicks { get; init; }
}

/// <summary>One bar.</summary>
/// <param name="Name">Before it.</param>
/// <param name="Value">Its length; at least 0.</param>
/// <param name="Label">After it: the value with its unit.</param>
/// <param name="Colour">1 to 6.</param>
internal sealed record Bar(string Name, double Value, string Label, int Colour);

/// <summary>Horizontal bars from zero, each with its value. <see cref="BarChartSvg"/> draws it.</summary>
/// <param name="Title">What it shows; its accessible name.</param>
/// <param name="Description">The finding, with its numbers.</param>
/// <param name="Bars">From top to bottom.</param>
internal sealed record BarChart(string Title, string Description, IReadOnlyList<Bar> Bars);
