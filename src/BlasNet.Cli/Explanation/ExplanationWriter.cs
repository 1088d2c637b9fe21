using BlasNet.Drawing;

namespace BlasNet.Cli.Explanation;

/// <summary>Writes an explanation in one of the formats.</summary>
internal static class ExplanationWriter
{
    public static void WriteText(TextWriter output, Explained explained)
    {
        foreach (ExplainedGraph part in explained.Graphs)
            output.Write($"{part.Title}\n{part.Sentence}\n\n{Indented(part.Graph.ToText())}\n");

        output.Write(explained.Ending);
    }

    public static void WriteDot(TextWriter output, Explained explained)
    {
        foreach (ExplainedGraph part in explained.Graphs)
            output.Write($"// {part.Title}. {part.Sentence}\n{part.Graph.ToDot()}\n");

        output.Write(Prefixed("// ", explained.Ending));
    }

    public static void WriteMermaid(TextWriter output, Explained explained)
    {
        foreach (ExplainedGraph part in explained.Graphs)
            output.Write($"## {part.Title}\n\n{part.Sentence}\n\n```mermaid\n{part.Graph.ToMermaid()}```\n\n");

        output.Write($"## {explained.EndingTitle}\n\n```\n{explained.Ending}```\n");
    }

    public static void WriteSvg(TextWriter output, Explained explained) => output.Write(
        SvgColumn.Of(explained.Title, explained.Graphs.Select(part => (part.Title, part.Sentence, part.Graph.ToSvg(part.Drawing)))));

    public static void WriteHtml(TextWriter output, Explained explained) =>
        output.Write(HtmlPage.Of(explained.Formula, explained.Graphs.Select(SectionOf), explained.Ending));

    /// <summary>Each of some lines after two spaces.</summary>
    public static string Indented(string lines) => Prefixed("  ", lines);

    private static HtmlSection SectionOf(ExplainedGraph part) =>
        new(part.Title, part.Sentence, part.Graph.ToSvg(part.Drawing)) { IsFolded = part.IsFolded };

    private static string Prefixed(string prefix, string lines) => string.Concat(lines.TrimEnd('\n').Split('\n').Select(line => $"{prefix}{line}\n"));
}
