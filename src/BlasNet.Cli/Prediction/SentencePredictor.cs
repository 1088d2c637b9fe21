using BlasNet.Cli.CommandLine;
using BlasNet.Training;

namespace BlasNet.Cli.Prediction;

/// <summary>Reads sentences: words separated by spaces, or <c>{"words": […]}</c>.</summary>
/// <typeparam name="TExample">An example as the model takes it.</typeparam>
/// <param name="model">With all its parameters; null for one that is yet to be filled.</param>
internal abstract class SentencePredictor<TExample>(Model? model = null) : Predictor<string[], TExample>(model)
{
    public override string Sample => """{"words": ["It", "works", "."]}""";

    protected override string[] Parse(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    protected override string[] Parse(JsonLine line) => line.Texts("words") is { Length: > 0 } words ? words
        : throw new CommandException("needs one word at least in 'words'");
}
