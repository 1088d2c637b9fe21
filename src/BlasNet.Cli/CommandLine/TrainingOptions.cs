using System.CommandLine;
using BlasNet.Cli.Training;
using BlasNet.Kernels;

namespace BlasNet.Cli.CommandLine;

/// <summary>The options that all <c>train</c> commands have.</summary>
/// <param name="data">What <c>--data</c> takes.</param>
/// <param name="epochs">By default.</param>
internal sealed class TrainingOptions(string data, int epochs)
{
    private const int MaximumCount = 1_000_000;

    private readonly Option<int?> _limit = CliOptions.OptionalInteger("--limit", "Use the first N examples of the data only.", 1, int.MaxValue);

    private readonly Option<Named<OptimizerChoice>> _optimizer = CliOptions.Choice(
        "--optimizer", "How parameters follow from gradients; momentum is 0.9.", OptimizerChoice.All);

    private readonly Option<double?> _learningRate = CliOptions.PositiveNumber("--learning-rate", "The size of a step. [default: adam 0.001, momentum 0.02, sgd 0.2]");
    private readonly Option<int> _batch = CliOptions.Integer("--batch", "Examples that one optimizer step averages over.", byDefault: 64, 1, MaximumCount);

    private readonly Option<int> _computeBatch = CliOptions.Integer(
        "--compute-batch", "Examples computed in one pass: a matter of hardware and memory, not of results. 0: all of an optimizer step.", byDefault: 0, 0, MaximumCount);

    private readonly Option<int> _epochs = CliOptions.Integer("--epochs", "How many times every example is used.", byDefault: epochs, 1, MaximumCount);
    private readonly Option<int> _threads = CliOptions.Threads(), _seed = CliOptions.Seed();
    private readonly Option<string?> _save = CliOptions.FileName("--save", "Write the trained parameters to this file, in the safetensors format.");
    private readonly Option<Named<bool>> _batching = CliOptions.Batching();
    private readonly Option<Named<GemmMode>> _gemm = CliOptions.Gemm();
    private readonly Option<bool> _json = CliOptions.Json();
    private readonly DurabilityOptions _durability = new();

    public Option<string?> Data { get; } = CliOptions.FileName("--data", data);

    /// <summary>Adds all of them, and between data and training those that only this command has.</summary>
    public void AddTo(Command command, IEnumerable<Option> own)
    {
        command.Options.Add(Data);
        foreach (Option option in own)
            command.Options.Add(option);

        Option[] common = [_limit, _optimizer, _learningRate, _batch, _computeBatch, _epochs, _seed, _save, _batching, _gemm, _threads, _json];
        foreach (Option option in common.Concat(_durability.All))
            command.Options.Add(option);

        command.Validators.Add(_durability.Validate);
    }

    public TrainingSettings SettingsOf(ParseResult options) => new()
    {
        Limit = options.GetValue(_limit),
        Optimizer = options.GetRequiredValue(_optimizer),
        LearningRate = options.GetValue(_learningRate),
        Batch = options.GetValue(_batch),
        ComputeBatch = options.GetValue(_computeBatch),
        Epochs = options.GetValue(_epochs),
        Seed = options.GetValue(_seed),
        Save = options.GetValue(_save),
        Batching = options.GetRequiredValue(_batching).Value,
        Gemm = options.GetRequiredValue(_gemm),
        Threads = options.GetValue(_threads),
        Json = options.GetValue(_json),
        Durability = _durability.SettingsOf(options),
    };
}
