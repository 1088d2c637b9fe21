using System.CommandLine;
using System.CommandLine.Parsing;
using BlasNet.Cli.Training;
using BlasNet.Text;
using BlasNet.Training;

namespace BlasNet.Cli.CommandLine;

/// <summary>The options of a training that begins with a pretrained encoder.</summary>
internal sealed class EncoderTrainingOptions
{
    private const double Rate = 1e-4, AdapterRate = 1e-3;

    private readonly Option<int?> _rank = CliOptions.OptionalInteger(
        "--lora", $"Train adapters of rank N of queries and values in the place of the encoder's weights; --save adds them to these. [default learning rate: {AdapterRate:0.####}]", 1, 1 << 10);

    private readonly Option<int?> _frozen = CliOptions.OptionalInteger("--freeze", "Leave the embeddings and the first N layers of the encoder as they are.",
        0, 1 << 10);

    private readonly Option<bool> _dropout = new("--dropout") { Description = "Drop at the rates that the encoder's configuration says." };

    private readonly Option<int?> _maximumTokens = CliOptions.OptionalInteger(
        "--max-tokens", "Tokens of the longest text; longer ones are cut. [default: what the encoder says]", 3, 1 << 20);

    public Option<string?> Encoder { get; } = CliOptions.FileName(
        "--encoder", $"Begin with this folder's pretrained encoder (BERT, DistilBERT, RoBERTa); --save makes a folder of the same layout. [default learning rate: {Rate:0.####}]", "FOLDER");

    public Option[] All => [Encoder, _rank, _frozen, _dropout, _maximumTokens];

    /// <summary>Makes it an error to give one of the others without an encoder, or with one an option of the network that it replaces.</summary>
    public void Validate(CommandResult result, params IEnumerable<Option> replaced)
    {
        bool isGiven = result.GetResult(Encoder) is not null;
        foreach (Option option in isGiven ? replaced : All)
        {
            if (result.GetResult(option) is not { Implicit: false })
                continue;

            result.AddError(isGiven
                ? $"{option.Name} does not go with --encoder, which takes the place of that network."
                : $"{option.Name} goes with --encoder.");
        }
    }

    /// <summary>The settings with what suits a pretrained encoder; the same without one.</summary>
    public TrainingSettings Adjust(ParseResult options, TrainingSettings settings)
    {
        if (options.GetValue(Encoder) is null)
            return settings;

        double rate = settings.Optimization.LearningRate ?? (options.GetValue(_rank) is null ? Rate : AdapterRate);
        return settings with { SavesFolder = true, Optimization = settings.Optimization with { LearningRate = rate } };
    }

    /// <exception cref="IOException">The folder has no encoder that can be read.</exception>
    /// <exception cref="CommandException">The encoder does not take as many tokens.</exception>
    public TextEncoder Load(ParseResult options, TrainingSettings settings)
    {
        try
        {
            return TextEncoder.Load(options.GetValue(Encoder)!, new TextEncoderOptions
            {
                MaximumTokens = options.GetValue(_maximumTokens),
                Dropout = options.GetValue(_dropout),
                Adapters = options.GetValue(_rank) is { } rank ? new LowRankOptions { Rank = rank, Alpha = 2 * rank } : null,
                Seed = settings.Seed,
            });
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new CommandException($"--max-tokens: {e.Message}");
        }
    }

    /// <summary>What is not trained.</summary>
    /// <exception cref="CommandException">The encoder has not so many layers.</exception>
    public IReadOnlyList<ParameterGroup> GroupsOf(ParseResult options, TextEncoder encoder)
    {
        if (options.GetValue(_rank) is not null)
            return [ParameterGroup.Frozen(encoder.Parameters)];

        try
        {
            return options.GetValue(_frozen) is { } layers ? [ParameterGroup.Frozen(encoder.LowerParameters(layers))] : [];
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new CommandException($"--freeze {options.GetValue(_frozen)}: the encoder has not so many layers.");
        }
    }
}
