using System.CommandLine;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Recognition;
using BlasNet.Cli.Training;
using BlasNet.Datasets;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet train digits</c>.</summary>
internal static class TrainDigitsCommand
{
    private const int MaximumSize = 1 << 16;

    private const string Description = """
        Train a multi-layer perceptron, written for one image, on handwritten digits.

        Examples:
          blasnet train digits
          blasnet train digits --optimizer sgd --learning-rate 0.2 --batch 32 --epochs 40
          blasnet train digits --data train-images-idx3-ubyte.gz --hidden 512,512 --save mnist.safetensors
          blasnet train digits --data letters.csv.gz --label-column first --csv-header
          blasnet train digits --batching off --gemm openblas --json
        """;

    private const string Data = "Digits to use instead of the built-in 1,797 of UCI, or images of anything else: comma-separated rows, or an IDX file of images (MNIST, EMNIST, QMNIST); "
        + "plain or gzipped. Every fifth image of a class is for the test; there are as many classes as the largest label says, and 0.";

    public static Command Create(CommandContext context)
    {
        Option<string?> labels = CliOptions.FileName("--labels", "The IDX file of labels, where it does not lie beside the images under MNIST's name.");
        Option<Named<LabelColumn>> labelColumn = CliOptions.Choice(
            "--label-column", "Where comma-separated rows have their label; auto: where a heading names it label, and last without one.",
            new Named<LabelColumn>("auto", LabelColumn.Auto), new("last", LabelColumn.Last), new("first", LabelColumn.First));
        var heading = new Option<bool>("--csv-header") { Description = "The first comma-separated row is a heading. Without this it is taken for one if there is no number in it." };
        Option<Sizes> hidden = CliOptions.Integers("--hidden", "Lengths of the hidden layers.", byDefault: [256, 256], 1, MaximumSize);
        var common = new TrainingOptions(Data, epochs: 20);
        Command digits = TrainModelCommand.Create(context, "digits", Description, common, [labels, labelColumn, heading, hidden], NewTraining);
        digits.Validators.Add(result =>
        {
            foreach (Option option in result.GetResult(common.Data) is null ? (Option[])[labels, labelColumn, heading] : [])
            {
                if (result.GetResult(option) is { Implicit: false })
                    result.AddError($"{option.Name} goes with --data.");
            }
        });
        return digits;

        TrainingRun NewTraining(ParseResult options, TrainingSettings settings)
        {
            DigitSplit split = options.GetValue(common.Data) is { } file
                ? Split(DigitFile.Read(file, options.GetValue(labels), options.GetRequiredValue(labelColumn).Value, options.GetValue(heading)), settings.Limit, file)
                : BuiltIn(settings.Limit);
            return DigitTraining.Create(split, options.GetRequiredValue(hidden).Values, settings);
        }
    }

    private static DigitSplit BuiltIn(int? limit) => limit < Digits.Train.Count + Digits.Test.Count
        ? Split([.. Digits.Train, .. Digits.Test], limit, "--limit")
        : new DigitSplit(Digits.Train, Digits.Test);

    /// <remarks>The classes are those of all digits, so that the network is the same for every limit.</remarks>
    private static DigitSplit Split(IReadOnlyList<Digit> all, int? limit, string from)
    {
        IReadOnlyList<Digit> digits = limit < all.Count ? [.. all.Take(limit.Value)] : all;
        return digits.Count >= 2
            ? DigitSplit.EveryFifth(digits) with { Classes = Digit.ClassesOf(all) }
            : throw new CommandException($"{from}: one digit only; two at least are needed, one to train with and one to test with.");
    }
}
