using System.CommandLine;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Recognition;
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
          blasnet train digits --batching off --gemm openblas --json
        """;

    private const string Data = "Digits to use instead of the built-in 1,797 of UCI: comma-separated rows, or an IDX file of images; plain or gzipped. "
        + "Every fifth digit of a class is for the test.";

    public static Command Create(CommandContext context)
    {
        Option<string?> labels = CliOptions.FileName("--labels", "The IDX file of labels, where it does not lie beside the images under MNIST's name.");
        Option<Sizes> hidden = CliOptions.Integers("--hidden", "Lengths of the hidden layers.", byDefault: [256, 256], 1, MaximumSize);
        var common = new TrainingOptions(Data, epochs: 20);
        Command digits = TrainModelCommand.Create(context, "digits", Description, common, [labels, hidden], (options, settings) =>
            DigitTraining.Create(Read(options.GetValue(common.Data), options.GetValue(labels), settings.Limit), options.GetRequiredValue(hidden).Values, settings));
        digits.Validators.Add(result =>
        {
            if (result.GetResult(labels) is not null && result.GetResult(common.Data) is null)
                result.AddError("--labels goes with --data.");
        });
        return digits;
    }

    private static DigitSplit Read(string? data, string? labels, int? limit)
    {
        if (data is null && !(limit < Digits.Train.Count + Digits.Test.Count))
            return new DigitSplit(Digits.Train, Digits.Test);

        IReadOnlyList<Digit> all = data is null ? [.. Digits.Train, .. Digits.Test] : DigitFile.Read(data, labels);
        IReadOnlyList<Digit> digits = limit < all.Count ? [.. all.Take(limit.Value)] : all;
        return digits.Count >= 2
            ? DigitSplit.EveryFifth(digits)
            : throw new CommandException($"{data ?? "--limit"}: one digit only; two at least are needed, one to train with and one to test with.");
    }
}
