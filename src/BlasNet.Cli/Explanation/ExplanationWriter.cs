using System.Globalization;
using BlasNet.Drawing;
using BlasNet.Graphs;

namespace BlasNet.Cli.Explanation;

/// <summary>Writes the three graphs, a sentence on each, and what they cost.</summary>
internal static class ExplanationWriter
{
    public static void WriteText(TextWriter output, Subject subject, Stages stages)
    {
        foreach (var (title, sentence, graph) in Parts(subject, stages))
            output.Write($"{title}\n{sentence}\n\n{Indented(graph.ToText())}\n");

        WriteCosts(output, stages, prefix: "");
    }

    public static void WriteDot(TextWriter output, Subject subject, Stages stages)
    {
        foreach (var (title, sentence, graph) in Parts(subject, stages))
            output.Write($"// {title}. {sentence}\n{graph.ToDot()}\n");

        WriteCosts(output, stages, prefix: "// ");
    }

    public static void WriteMermaid(TextWriter output, Subject subject, Stages stages)
    {
        foreach (var (title, sentence, graph) in Parts(subject, stages))
            output.Write($"## {title}\n\n{sentence}\n\n```mermaid\n{graph.ToMermaid()}```\n\n");

        output.Write("## Cost\n\n```\n");
        WriteCosts(output, stages, prefix: "");
        output.Write("```\n");
    }

    public static void WriteSvg(TextWriter output, Subject subject, Stages stages) =>
        output.Write(SvgStack.Of($"The graphs of {subject.Formula}", Drawn(subject, stages)));

    public static void WriteHtml(TextWriter output, Subject subject, Stages stages)
    {
        using var costs = new StringWriter();
        WriteCosts(costs, stages, prefix: "");
        output.Write(HtmlPage.Of(subject.Formula, Drawn(subject, stages), costs.ToString()));
    }

    private static IEnumerable<(string Heading, string Sentence, string Svg)> Drawn(Subject subject, Stages stages)
    {
        int[] examples = ExampleColours.Of(stages.Minibatch);
        foreach (var (title, sentence, graph) in Parts(subject, stages))
        {
            var options = new DrawingOptions
            {
                Title = title,
                ColourExamples = graph == stages.Minibatch,
                IsComplete = false,
                ExampleOf = graph == stages.Minibatch && examples.Length > 0 ? examples : null,
                CellsOf = graph == stages.Batched ? ExampleColours.CellsOf(examples, stages.Batching) : null,
            };
            yield return (title, sentence, graph.ToSvg(options));
        }
    }

    private static IEnumerable<(string Title, string Sentence, Graph Graph)> Parts(Subject subject, Stages stages)
    {
        int examples = stages.Examples;
        yield return ("One example", $"What its user writes: {subject.Formula}. There is no batch in it.", stages.Example);
        yield return (
            $"The minibatch of {examples}",
            $"The graph of each example, side by side; all share the same parameters, and one node adds the losses.",
            stages.Minibatch);
        yield return (
            "The batched graph",
            $"The same values: nodes of one kind have become one node that computes a stack (×{examples}), a matrix times {examples} vectors a matrix times a matrix.",
            stages.Batched);
    }

    private static void WriteCosts(TextWriter output, Stages stages, string prefix)
    {
        output.Write($"{prefix}{"",-34}{"nodes",8}{"GEMVs",8}{"GEMMs",8}{"launches",10}\n");
        WriteRow("minibatch", stages.MinibatchCost);
        WriteRow("batched", stages.BatchedCost);
        WriteRow("minibatch, with gradients", stages.MinibatchStepCost);
        WriteRow("batched, with gradients", stages.BatchedStepCost);

        void WriteRow(string name, Cost cost) => output.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"{prefix}{name,-34}{cost.Nodes,8}{cost.Products.Gemv,8}{cost.Products.Gemm,8}{cost.Launches,10}\n"));
    }

    internal static string Indented(string lines) => string.Concat(lines.TrimEnd('\n').Split('\n').Select(line => $"  {line}\n"));
}
