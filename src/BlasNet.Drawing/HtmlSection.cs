namespace BlasNet.Drawing;

/// <summary>A picture of a page.</summary>
/// <param name="Heading">Plain text.</param>
/// <param name="Sentence">Plain text.</param>
/// <param name="Svg">An svg element without styles of its own (<see cref="DrawingOptions.IsComplete"/>).</param>
public sealed record HtmlSection(string Heading, string Sentence, string Svg)
{
    /// <summary>Whether only the heading is seen until the reader opens the section.</summary>
    public bool IsFolded { get; init; }
}
