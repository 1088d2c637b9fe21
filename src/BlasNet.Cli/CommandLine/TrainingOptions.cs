using System.CommandLine;
using System.CommandLine.Parsing;
using BlasNet.Cli.Training;

namespace BlasNet.Cli.CommandLine;

/// <summary>The options that all <c>train</c> commands have.</summary>
/// <param name="data">What <c>--data</c> takes.</param>
/// <param name="epochs">By default.</param>
internal sealed class TrainingOptions(string data, int epochs)
{
    private const int MaximumCount = 1_000_000;

    private readonly Option<int?> _limit = CliOptions.OptionalInteger("--limit", "Use the first N examples of the data only.", 1, int.MaxValue);

    private readonly Option<int> _batch = CliOptions.Integer("--batch", "Examples that one optimizer step averages over.", byDefault: 64, 1, MaximumCount);

    private readonly Option<int> _epochs = CliOptions.Integer("--epochs", "How many times every example is used.", byDefault: epochs, 1, MaximumCount);
    private readonly Option<int> _threads = CliOptions.Threads(), _seed = CliOptions.Seed();
    private readonly Option<string?> _save = CliOptions.FileName("--save", "Write the trained parameters to this file, in the safetensors format.");
    private readonly Option<Named<bool>> _batching = CliOptions.Batching();
    private readonly Option<Named<GemmKernels>> _gemm = CliOptions.Gemm();
    private readonly Option<bool> _json = CliOptions.Json();
    private readonly OptimizationOptions _optimization = new();
    private readonly DurabilityOptions _durability = new();

    private readonly Option<int> _workers = CliOptions.Integer(
        "--workers", "Threads that compute a step, each a part of its examples with one thread for each product; not with --threads.", byDefault: 1, 1, 256);

    public Option<string?> Data { get; } = CliOptions.FileName("--data", data);

    /// <summary>Adds all of them, and between data and training those that only this command has.</summary>
    public void AddTo(Command command, IEnumerable<Option> own)
    {
        command.Options.Add(Data);
        foreach (Option option in own)
            command.Options.Add(option);

        Option[] common = [_limit, .. _optimization.Steps, _batch, .. _optimization.Passes, _epochs, _seed, _save, _batching, _gemm, _threads, _workers, _json];
        foreach (Option option in common.Concat(_durability.All))
            command.Options.Add(option);

        Option<string?>[] read = [Data, .. own.OfType<Option<string?>>().Where(option => option.Name is "--dev" or "--labels")];
        command.Validators.Add(_durability.Validate);
        command.Validators.Add(result => RequireApart(result, read));
        command.Validators.Add(result =>
        {
            if (result.GivenValue(_workers) > 1 && result.GivenValue(_threads) > 1)
                result.AddError("--workers and --threads: only one of them can be more than 1.");
        });
    }

    /// <summary>Neither data nor a log may be written over.</summary>
    private void RequireApart(CommandResult result, Option<string?>[] read)
    {
        RequireOther(_durability.Log, read);
        RequireOther(_save, [.. read, _durability.Log]);

        void RequireOther(Option<string?> written, Option<string?>[] others)
        {
            if (FileOf(written) is { } file && others.FirstOrDefault(other => FileOf(other) == file) is { } same)
                result.AddError($"{written.Name} {result.GivenValue(written)}: is the file of {same.Name} too.");
        }

        string? FileOf(Option<string?> option) => result.GivenValue(option) is { Length: > 0 } file ? Path.GetFullPath(file) : null;
    }

    public TrainingSettings SettingsOf(ParseResult options) => new()
    {
        Limit = options.GetValue(_limit),
        Optimization = _optimization.SettingsOf(options),
        Batch = options.GetValue(_batch),
        Epochs = options.GetValue(_epochs),
        Seed = options.GetValue(_seed),
        Save = options.GetValue(_save),
        Compute = CliOptions.ComputeOf(
            options.GetRequiredValue(_gemm).Value, options.GetValue(_threads), options.GetRequiredValue(_batching).Value),
        Gemm = options.GetRequiredValue(_gemm).Name,
        Workers = options.GetValue(_workers),
        Json = options.GetValue(_json),
        Durability = _durability.SettingsOf(options),
    };
}
