using System.CommandLine;
using System.Globalization;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Prediction;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet evaluate</c>.</summary>
internal static class EvaluateCommand
{
    private const string Description = """
        Measure a saved model on data of the format it was trained with: accuracy and F1, or perplexity.

        A tag, label or class that the model does not know counts as missed.

        Examples:
          blasnet evaluate tagger.safetensors --data test.conllu.gz
          blasnet evaluate lm.safetensors --data test.txt --json
        """;

    public static Command Create(CommandContext context)
    {
        var model = new Argument<string>("MODEL") { Description = "The file or folder that train --save has written." };
        Option<string?> data = CliOptions.FileName("--data", "What to measure it on.");
        data.Required = true;
        var json = new Option<bool>("--json") { Description = "Write one JSON object." };
        var command = new Command("evaluate", Description) { model, data, json };
        command.SetAction(options =>
        {
            using Predictor predictor = Predictor.Open(options.GetRequiredValue(model));
            IReadOnlyList<KeyValuePair<string, double>> measures = predictor.Evaluate(options.GetValue(data)!, context.Cancellation);
            if (options.GetValue(json))
                context.Output.WriteLine(JsonLine.Write(writer =>
                {
                    foreach ((string name, double value) in measures)
                        writer.WriteFinite(name, value);
                }));
            else
                Print(context.Output, measures);
        });
        return command;
    }

    // Counts and perplexities as they are, parts as percentages.
    private static void Print(TextWriter output, IReadOnlyList<KeyValuePair<string, double>> measures)
    {
        foreach ((string name, double value) in measures)
        {
            bool isCount = name is "examples" or "words" or "nodes" or "predictions";
            string text = value.ToString(isCount ? "N0" : name == "perplexity" ? "F2" : "P1", CultureInfo.InvariantCulture);
            output.WriteLine($"{name.Replace('_', ' '),-14} {text}");
        }
    }
}
