using System.CommandLine;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Explanation;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet explain</c>.</summary>
internal static class ExplainCommand
{
    private const string Description = """
        Print the graph of one example, of a minibatch, and of the batch that is computed instead; and what each costs.

        Examples:
          blasnet explain
          blasnet explain --model mlp --examples 4
          blasnet explain --model tree --examples 3 --format html > graphs.html
          blasnet explain --model treelstm --passes
          blasnet explain --format dot | dot -Tsvg > graphs.svg
        """;

    public static Command Create(CommandContext context)
    {
        Option<Named<Subject>> model = CliOptions.Choice(
            "--model", "One weight, s = ℓ(w, x); a perceptron of two layers; a recurrence over sequences and a recursion over trees; a tagger and a Tree-LSTM of layers.",
            new Named<Subject>("weight", Subject.OneWeight), new("mlp", Subject.Perceptron), new("rnn", Subject.Recurrence), new("tree", Subject.Tree),
            new("tagger", Subject.Tagger), new("treelstm", Subject.TreeLstmSubject));
        Option<Named<Format>> format = CliOptions.Choice(
            "--format", "Text; a picture (SVG) or a page with pictures (HTML), in which what repeats is folded; the DOT language of Graphviz; Markdown with Mermaid charts.",
            new Named<Format>("text", new(ExplanationWriter.WriteText, PassWriter.WriteText)),
            new("svg", new(ExplanationWriter.WriteSvg, PassWriter.WriteSvg)),
            new("html", new(ExplanationWriter.WriteHtml, PassWriter.WriteHtml)),
            new("dot", new(ExplanationWriter.WriteDot, PassWriter.WriteDot)),
            new("mermaid", new(ExplanationWriter.WriteMermaid, PassWriter.WriteMermaid)));
        Option<int> examples = CliOptions.Integer("--examples", "Examples of the minibatch.", byDefault: 2, 2, 1000);
        Option<bool> passes = new("--passes") { Description = "The graph after each pass, with the gradients of all parameters, and the plan." };
        var explain = new Command("explain", Description) { model, format, examples, passes };
        explain.SetAction(options =>
        {
            (Subject subject, Format writer) = (options.GetRequiredValue(model).Value, options.GetRequiredValue(format).Value);
            int count = options.GetValue(examples);
            if (options.GetValue(passes))
                writer.Passes(context.Output, subject, new PassStages(subject, count));
            else
                writer.Stages(context.Output, subject, new Stages(subject, count));
        });
        return explain;
    }

    private sealed record Format(Action<TextWriter, Subject, Stages> Stages, Action<TextWriter, Subject, PassStages> Passes);
}
