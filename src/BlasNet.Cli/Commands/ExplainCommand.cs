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
          blasnet explain --format dot | dot -Tsvg > graphs.svg
        """;

    public static Command Create(CommandContext context)
    {
        Option<Named<Subject>> model = CliOptions.Choice(
            "--model", "One weight, s = ℓ(w, x), or a perceptron of two layers.", new Named<Subject>("weight", Subject.OneWeight), new("mlp", Subject.Perceptron));
        Option<Named<Action<TextWriter, Subject, Stages>>> format = CliOptions.Choice(
            "--format", "Text, the DOT language of Graphviz, or Markdown with Mermaid charts.",
            new Named<Action<TextWriter, Subject, Stages>>("text", ExplanationWriter.WriteText),
            new("dot", ExplanationWriter.WriteDot),
            new("mermaid", ExplanationWriter.WriteMermaid));
        Option<int> examples = CliOptions.Integer("--examples", "Examples of the minibatch.", byDefault: 2, 2, 1000);
        var explain = new Command("explain", Description) { model, format, examples };
        explain.SetAction(options =>
        {
            Subject subject = options.GetRequiredValue(model).Value;
            options.GetRequiredValue(format).Value(context.Output, subject, new Stages(subject, options.GetValue(examples)));
        });
        return explain;
    }
}
