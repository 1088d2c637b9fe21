using System.CommandLine;
using System.Globalization;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Output;
using BlasNet.Cli.Recognition;
using BlasNet.Datasets;
using BlasNet.Kernels;
using BlasNet.Training;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet train digits</c>.</summary>
internal sealed class TrainDigitsCommand
{
    private const int MaximumSize = 1 << 16, MaximumCount = 1_000_000;

    private const string Description = """
        Train a multi-layer perceptron, written for one image, on handwritten digits.

        Examples:
          blasnet train digits
          blasnet train digits --optimizer sgd --learning-rate 0.2 --batch 32 --epochs 40
          blasnet train digits --data train-images-idx3-ubyte.gz --hidden 512,512 --save mnist.safetensors
          blasnet train digits --batching off --gemm openblas --json
        """;

    private readonly Option<string?> _data = CliOptions.FileName(
        "--data",
        "Digits to use instead of the built-in 1,797 of UCI: comma-separated rows, or an IDX file of images; plain or gzipped. "
        + "Every fifth digit of a class is for the test.");

    private readonly Option<string?> _labels = CliOptions.FileName("--labels", "The IDX file of labels, where it does not lie beside the images under MNIST's name.");

    private readonly Option<Named<OptimizerChoice>> _optimizer = CliOptions.Choice(
        "--optimizer", "How parameters follow from gradients; momentum is 0.9.",
        new Named<OptimizerChoice>("adam", new(1e-3, rate => new Adam(rate))),
        new("momentum", new(0.02, rate => new Sgd(rate, momentum: 0.9))),
        new("sgd", new(0.2, rate => new Sgd(rate))));

    private readonly Option<double?> _learningRate = CliOptions.PositiveNumber("--learning-rate", "The size of a step. [default: adam 0.001, momentum 0.02, sgd 0.2]");
    private readonly Option<int> _batch = CliOptions.Integer("--batch", "Examples that one optimizer step averages over.", byDefault: 64, 1, MaximumCount);

    private readonly Option<int> _computeBatch = CliOptions.Integer(
        "--compute-batch", "Examples computed in one pass: a matter of hardware and memory, not of results. 0: all of an optimizer step.", byDefault: 0, 0, MaximumCount);

    private readonly Option<int> _epochs = CliOptions.Integer("--epochs", "How many times every example is used.", byDefault: 20, 1, MaximumCount);
    private readonly Option<Sizes> _hidden = CliOptions.Integers("--hidden", "Lengths of the hidden layers.", byDefault: [256, 256], 1, MaximumSize);
    private readonly Option<string?> _save = CliOptions.FileName("--save", "Write the trained parameters to this file, in the safetensors format.");
    private readonly Option<Named<bool>> _batching = CliOptions.Batching();
    private readonly Option<Named<GemmMode>> _gemm = CliOptions.Gemm();
    private readonly Option<int> _threads = CliOptions.Threads(), _seed = CliOptions.Seed();
    private readonly Option<bool> _json = CliOptions.Json();
    private readonly CommandContext _context;

    private TrainDigitsCommand(CommandContext context) => _context = context;

    private sealed record OptimizerChoice(double LearningRate, Func<double, Optimizer> Create);

    public static Command Create(CommandContext context)
    {
        var command = new TrainDigitsCommand(context);
        var digits = new Command("digits", Description)
        {
            command._data, command._labels, command._optimizer, command._learningRate, command._batch, command._computeBatch, command._epochs,
            command._hidden, command._seed, command._save, command._batching, command._gemm, command._threads, command._json,
        };
        digits.Validators.Add(result =>
        {
            if (result.GetResult(command._labels) is not null && result.GetResult(command._data) is null)
                result.AddError("--labels goes with --data.");
        });
        digits.SetAction(command.Run);
        return digits;
    }

    private void Run(ParseResult options)
    {
        string? save = options.GetValue(_save);
        RequireWritable(save);
        DigitSplit digits = Read(options.GetValue(_data), options.GetValue(_labels));
        using var kernels = new KernelScope(options.GetRequiredValue(_gemm).Value, options.GetValue(_threads));
        Named<OptimizerChoice> optimizer = options.GetRequiredValue(_optimizer);
        double learningRate = options.GetValue(_learningRate) ?? optimizer.Value.LearningRate;
        using DigitTraining training = NewTraining(digits, new DigitTrainingOptions
        {
            Hidden = options.GetRequiredValue(_hidden).Values,
            Optimizer = () => optimizer.Value.Create(learningRate),
            Batch = options.GetValue(_batch),
            ComputeBatch = options.GetValue(_computeBatch),
            Epochs = options.GetValue(_epochs),
            Seed = options.GetValue(_seed),
            Batching = options.GetRequiredValue(_batching).Value,
        });

        bool json = options.GetValue(_json);
        if (!json)
        {
            _context.Output.WriteLine(Invariant(
                $"{digits.Train.Count:N0} digits to train with, {digits.Test.Count:N0} to test with; {training.Model.Size:N0} parameters."));
        }

        List<EpochResult> results = RunEpochs(training, options.GetValue(_epochs), json);

        if (save is not null)
            Write(() => training.Model.Save(save));

        var summary = new TrainingSummary(results);
        if (json)
        {
            _context.WriteJson(
                new TrainingSummaryLine(
                    Summary: true, results[^1].TestAccuracy, results[^1].Loss, summary.ExamplesPerSecond, summary.GemmCalls, summary.GemvCalls,
                    summary.Time.TotalSeconds, results.Count, results[^1].Step, digits.Train.Count, digits.Test.Count, training.Model.Size,
                    options.GetRequiredValue(_hidden).Values, optimizer.Name, learningRate, options.GetValue(_batch), options.GetValue(_computeBatch),
                    options.GetRequiredValue(_batching).Name, options.GetRequiredValue(_gemm).Name, options.GetValue(_threads), options.GetValue(_seed),
                    KernelScope.OpenBlasCore, save),
                JsonLines.Default.TrainingSummaryLine);
        }
        else
        {
            summary.Print(_context.Output, save);
        }
    }

    private static DigitTraining NewTraining(DigitSplit digits, DigitTrainingOptions options)
    {
        try
        {
            return new DigitTraining(digits, options);
        }
        catch (Exception e) when (e is ArgumentException or OutOfMemoryException)
        {
            throw new CommandException($"--hidden {new Sizes(options.Hidden)}: the network is too large. {e.Message}");
        }
    }

    private List<EpochResult> RunEpochs(DigitTraining training, int epochs, bool json)
    {
        List<EpochResult> results = [];
        for (int epoch = 1; epoch <= epochs; epoch++)
        {
            EpochResult result = RunEpoch(training, epoch, epochs, json);
            results.Add(result);
            if (json)
                _context.WriteJson(LineOf(result), JsonLines.Default.EpochLine);
            else
                _context.Output.WriteLine(Invariant(
                    $"epoch {epoch,3}/{epochs}  loss {result.Loss,8:F5}  test accuracy {result.TestAccuracy,6:P1}  {result.ExamplesPerSecond,9:N0} examples/s"));
        }

        return results;
    }

    private EpochResult RunEpoch(DigitTraining training, int epoch, int epochs, bool json)
    {
        try
        {
            return json
                ? training.NextEpoch(null, _context.Cancellation)
                : EpochProgress.Show(_context, $"epoch {epoch}/{epochs}", progress => training.NextEpoch(progress, _context.Cancellation));
        }
        catch (OperationCanceledException)
        {
            throw new InterruptedException($"Interrupted in epoch {epoch}, after step {training.StepCount}; nothing was saved.");
        }
    }

    private static EpochLine LineOf(EpochResult result) => new(
        result.Epoch, result.Step, result.Loss, result.TestAccuracy, result.ExamplesPerSecond, result.Time.TotalSeconds, result.GemmCalls, result.GemvCalls);

    private static DigitSplit Read(string? data, string? labels)
    {
        if (data is null)
            return new DigitSplit(Digits.Train, Digits.Test);

        IReadOnlyList<Digit> digits = DigitFile.Read(data, labels);
        return digits.Count >= 2
            ? DigitSplit.EveryFifth(digits)
            : throw new CommandException($"{data}: one digit only; two at least are needed, one to train with and one to test with.");
    }

    // Better before the training than after it.
    private static void RequireWritable(string? file)
    {
        if (file is null)
            return;

        if (Directory.Exists(file))
            throw new CommandException($"--save {file}: is a directory; a file is expected.");

        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } directory && !Directory.Exists(directory))
            throw new CommandException($"--save {file}: there is no such directory.");

        Write(() => new AtomicFile(file).Dispose());
    }

    // The messages begin with the file's name.
    private static void Write(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"--save {e.Message}");
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
