using System.CommandLine;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Prediction;
using BlasNet.Datasets;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet predict</c>.</summary>
internal static class PredictCommand
{
    private const string Description = """
        Use a model that blasnet train --save has written: one example a line in, one prediction a line out, as text or as JSON.
        An empty line gives an empty line, or null.

        A tagger takes words separated by spaces and gives word|TAG; tree takes a tree in brackets and gives it with the predicted labels; lm gives a
        sentence's perplexity; digits takes pixels from 0 to 1 and gives the label; parser takes CoNLL-U and gives it with HEAD and DEPREL. A line that begins
        with { is a JSON object: {"words": ["It", "works"]}, {"tree": "(0 (0 It) (0 works))"}, {"pixels": [0, 0.5, 1]}. A folder is that of a pretrained
        encoder's tagger, or of a classifier, which takes texts, or two separated by a tab, or {"text": "It works.", "second": null}, and gives the label.

        Examples:
          echo "It works ." | blasnet predict tagger.safetensors
          blasnet predict mails --data new.txt
          blasnet predict tree.safetensors --data trees.txt --json
        """;

    public static Command Create(CommandContext context)
    {
        var model = new Argument<string>("MODEL") { Description = "The file or folder that train --save has written." };
        Option<string?> data = CliOptions.FileName("--data", "Examples, one a line, plain or gzipped; without it standard input.");
        var json = new Option<bool>("--json") { Description = "Write a JSON object for each example." };
        var command = new Command("predict", Description) { model, data, json };
        command.SetAction(options =>
        {
            using Predictor predictor = Predictor.Open(options.GetRequiredValue(model));
            string? file = options.GetValue(data);
            IEnumerable<string> lines = file is null ? TextLines.Read("standard input", Console.OpenStandardInput()) : TextLines.Read(file);
            predictor.Predict(lines, file ?? "standard input", context.Output, options.GetValue(json), context.Cancellation);
        });
        return command;
    }
}
