using System.CommandLine;
using BlasNet.Cli.CommandLine;
using BlasNet.Text;

namespace BlasNet.Cli.Vectors;

/// <summary>The options of every command that embeds texts.</summary>
internal sealed class EmbeddingOptions
{
    public Option<string?> Model { get; } = Required(CliOptions.FileName(
        "--model", "Folder of a pretrained encoder (BERT, DistilBERT, RoBERTa) as Hugging Face lays it out.", "FOLDER"));

    public Option<int?> MaximumTokens { get; } = CliOptions.OptionalInteger(
        "--max-tokens", "Tokens of the longest text; longer ones are cut. [default: what the model says]", 3, 1 << 20);

    public Option<Named<LongTexts>> LongTexts { get; } = CliOptions.Choice(
        "--long", "What is done with longer texts: the end is left out, or windows are embedded and pooled.",
        new Named<LongTexts>("truncate", Text.LongTexts.Truncate), new Named<LongTexts>("windows", Text.LongTexts.Windows));

    public Option<int> Threads { get; } = CliOptions.Threads();

    public Option[] All => [Model, MaximumTokens, LongTexts, Threads];

    /// <exception cref="IOException">The folder has no model that can be read.</exception>
    /// <exception cref="CommandException">The model does not take as many tokens.</exception>
    public TextEncoder Load(ParseResult options)
    {
        try
        {
            return TextEncoder.Load(
                options.GetValue(Model)!,
                new TextEncoderOptions
                {
                    MaximumTokens = options.GetValue(MaximumTokens),
                    LongTexts = options.GetValue(LongTexts)!.Value,
                    Compute = new ComputeOptions { Threads = options.GetValue(Threads) },
                });
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new CommandException($"--max-tokens: {e.Message}");
        }
    }

    /// <summary>The texts of a file, or of the standard input for <c>-</c>.</summary>
    public static IEnumerable<string> Read(string file) => file == "-"
        ? Datasets.TextLines.Read("standard input", Console.OpenStandardInput())
        : Datasets.TextLines.Read(file);

    private static Option<string?> Required(Option<string?> option)
    {
        option.Required = true;
        return option;
    }
}
