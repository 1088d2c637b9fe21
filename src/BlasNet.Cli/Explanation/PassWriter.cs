using BlasNet.Drawing;

namespace BlasNet.Cli.Explanation;

/// <summary>Writes the graph after each pass, a sentence on each, and the plan.</summary>
internal static class PassWriter
{
    private const string PlanTitle = "The plan", PlanSentence = "One launch of a kernel a line: operator, size of its stack, and where its operands lie.";

    public static void WriteText(TextWriter output, Subject subject, PassStages stages)
    {
        foreach (var (title, sentence, graph) in stages.Parts)
            output.Write($"{title}\n{sentence}\n\n{ExplanationWriter.Indented(graph.ToText())}\n");

        output.Write($"{PlanTitle}\n{PlanSentence}\n\n{ExplanationWriter.Indented(stages.Plan)}");
    }

    public static void WriteDot(TextWriter output, Subject subject, PassStages stages)
    {
        foreach (var (title, sentence, graph) in stages.Parts)
            output.Write($"// {title}. {sentence}\n{graph.ToDot()}\n");
    }

    public static void WriteMermaid(TextWriter output, Subject subject, PassStages stages)
    {
        foreach (var (title, sentence, graph) in stages.Parts)
            output.Write($"## {title}\n\n{sentence}\n\n```mermaid\n{graph.ToMermaid()}```\n\n");

        output.Write($"## {PlanTitle}\n\n{PlanSentence}\n\n```\n{stages.Plan}\n```\n");
    }

    public static void WriteSvg(TextWriter output, Subject subject, PassStages stages) =>
        output.Write(SvgStack.Of($"The passes over {subject.Formula}", Drawn(stages)));

    public static void WriteHtml(TextWriter output, Subject subject, PassStages stages) =>
        output.Write(HtmlPage.Of(subject.Formula, Drawn(stages), $"{PlanTitle}: {PlanSentence}\n\n{stages.Plan}"));

    private static IEnumerable<(string Heading, string Sentence, string Svg)> Drawn(PassStages stages)
    {
        foreach (var (title, sentence, graph) in stages.Parts)
            yield return (title, sentence, graph.ToSvg(new DrawingOptions { Title = title, ColourExamples = false, IsComplete = false }));
    }
}
