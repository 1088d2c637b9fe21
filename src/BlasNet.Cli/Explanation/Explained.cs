using BlasNet.Drawing;
using BlasNet.Graphs;

namespace BlasNet.Cli.Explanation;

/// <summary>A graph, a sentence on it, and how it is drawn.</summary>
internal sealed record ExplainedGraph(string Title, string Sentence, Graph Graph, DrawingOptions Drawing)
{
    /// <summary>Whether a page shows it only when its reader asks for it.</summary>
    public bool IsFolded { get; init; }
}

/// <summary>Graphs that follow from each other, and what they come to.</summary>
/// <param name="Title">What they are the graphs of.</param>
/// <param name="Formula">One example's loss.</param>
/// <param name="Graphs">In their order.</param>
/// <param name="EndingTitle">Heading of the ending.</param>
/// <param name="Ending">Lines of fixed width after the graphs.</param>
internal sealed record Explained(string Title, string Formula, IEnumerable<ExplainedGraph> Graphs, string EndingTitle, string Ending);
