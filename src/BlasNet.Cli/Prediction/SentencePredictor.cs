using BlasNet.Cli.CommandLine;

namespace BlasNet.Cli.Prediction;

/// <summary>Reads sentences: words separated by spaces, or <c>{"words": […]}</c>.</summary>
/// <typeparam name="TExample">An example as the model takes it.</typeparam>
internal abstract class SentencePredictor<TExample> : Predictor<string[], TExample>
{
    protected override string[] Parse(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    protected override string[] Parse(JsonLine line) => line.Texts("words") is { Length: > 0 } words ? words
        : throw new CommandException("needs one word at least in 'words'");
}
