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
            new("tagger", Subject.Tagger), new("sequence", Subject.Sequence), new("treelstm", Subject.TreeLstmSubject));
        Option<Named<Action<TextWriter, Explained>>> format = CliOptions.Choice(
            "--format", "Text; a picture (SVG) or a page with pictures (HTML), in which what repeats is folded; the DOT language of Graphviz; Markdown with Mermaid charts.",
            new Named<Action<TextWriter, Explained>>("text", ExplanationWriter.WriteText),
            new("svg", ExplanationWriter.WriteSvg),
            new("html", ExplanationWriter.WriteHtml),
            new("dot", ExplanationWriter.WriteDot),
            new("mermaid", ExplanationWriter.WriteMermaid));
        Option<int> examples = CliOptions.Integer("--examples", "Examples of the minibatch.", byDefault: 2, 2, 1000);
        Option<bool> passes = new("--passes") { Description = "The graph after each pass, with the gradients of all parameters, and the plan." };
        var explain = new Command("explain", Description) { model, format, examples, passes };
        explain.SetAction(options =>
        {
            Subject subject = options.GetRequiredValue(model).Value;
            int count = options.GetValue(examples);
            options.GetRequiredValue(format).Value(context.Output, options.GetValue(passes) ? PassStages.Explain(subject, count) : Stages.Explain(subject, count));
        });
        return explain;
    }
}
