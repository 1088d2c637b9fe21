using BlasNet.Graphs;

namespace BlasNet.Drawing;

/// <summary>How a graph is drawn.</summary>
public sealed record DrawingOptions
{
    /// <summary>The picture's accessible name.</summary>
    public string Title { get; init; } = "Computation graph";

    /// <summary>What the picture says, for who cannot see it; by default how many nodes of each kind there are.</summary>
    public string? Description { get; init; }

    /// <summary>Larger graphs are folded: nodes that look alike become one box with their number on it.</summary>
    public int MaxNodes { get; init; } = 100;

    /// <summary>A parameter with more users than this is named in its users' boxes instead of being drawn.</summary>
    public int MaxArrows { get; init; } = 2;

    /// <summary>Whether the examples of a minibatch graph have colours of their own, if there are at most four.</summary>
    public bool ColourExamples { get; init; } = true;

    /// <summary>Whether a key explains the colours.</summary>
    public bool ShowKey { get; init; } = true;

    /// <summary>Whether the picture brings its own styles; false where the page around it has them: those of <see cref="Theme"/>.</summary>
    public bool IsComplete { get; init; } = true;

    /// <summary>The example whose colour each node has, 1 to 4, and 0 for none; null for those that <see cref="ExampleColours.Of"/>
    /// finds.</summary>
    public IReadOnlyList<int>? ExampleOf { get; init; }

    /// <summary>For nodes of a batched graph, the examples of the values of their stack.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<int>>? CellsOf { get; init; }
}

/// <summary>Draws graphs: operands above, results below, one box for each node or for each kind of node.</summary>
public static class GraphDrawing
{
    /// <summary>The graph as an SVG picture, in light or dark colours as the reader's screen has them.</summary>
    /// <param name="graph">Any graph: one example's, a minibatch's, a batched one, with or without gradients.</param>
    /// <param name="options">How to draw it.</param>
    /// <returns>An svg element, complete by itself.</returns>
    /// <exception cref="ArgumentException">The graph has no nodes.</exception>
    public static string ToSvg(this Graph graph, DrawingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        if (graph.Count == 0)
            throw new ArgumentException("A graph without nodes cannot be drawn.", nameof(graph));

        options = WithExamples(graph, options ?? new DrawingOptions());
        Picture picture = PictureBuilder.Build(graph, options);
        LayeredLayout.Run(picture);
        return GraphSvg.Write(picture, options);
    }

    /// <summary>The graph as a page for a browser; a wide picture scrolls.</summary>
    /// <inheritdoc cref="ToSvg" path="/param"/>
    /// <inheritdoc cref="ToSvg" path="/exception"/>
    public static string ToHtml(this Graph graph, DrawingOptions? options = null)
    {
        options ??= new DrawingOptions();
        return HtmlPage.Of(options.Title, [new HtmlSection(options.Title, "", graph.ToSvg(options with { IsComplete = false }))]);
    }

    private static DrawingOptions WithExamples(Graph graph, DrawingOptions options)
    {
        if (!options.ColourExamples || options.ExampleOf is not null || options.CellsOf is not null)
            return options;

        IReadOnlyList<int> examples = ExampleColours.Of(graph);
        return examples.Count > 0 ? options with { ExampleOf = examples } : options;
    }
}
