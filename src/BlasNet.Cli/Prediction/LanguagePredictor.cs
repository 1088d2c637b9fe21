using System.Globalization;
using BlasNet.Cli.Models;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Cli.Prediction;

/// <summary>Says how likely sentences are: their perplexity before each, or <c>{"words": […], "log_probability": …, "perplexity": …}</c>.</summary>
internal sealed class LanguagePredictor : SentencePredictor<int[]>
{
    private readonly Vocabulary _words;

    public LanguagePredictor(ModelCard card)
    {
        _words = card.VocabularyOf("words");
        var language = new LanguageModel(Model, new LanguageModelSizes(_words.Count + 1, card.SizeOf("embedding"), card.SizeOf("hidden")));
        Evaluator = new Evaluator<int[]>(Model, language.Loss) { ComputeBatch = 64 };   // a stack of softmaxes is large
    }

    protected override Evaluator<int[]> Evaluator { get; }

    public override IReadOnlyList<KeyValuePair<string, double>> Evaluate(string data, CancellationToken cancellation)
    {
        var perplexity = new Perplexity();
        long sentences = Run(
            SentenceFile.Read(data).Select(words => _words.Encode(words)),
            (sentence, loss) => perplexity.Add(loss[0], LanguageModel.PredictionsOf(sentence)), cancellation);
        return [new("examples", sentences), new("predictions", perplexity.Count), new("perplexity", perplexity.Value)];
    }

    protected override int[] Encode(string[] input) => _words.Encode(input);

    protected override string ToText(string[] input, ReadOnlySpan<float> value) =>
        string.Create(CultureInfo.InvariantCulture, $"{PerplexityOf(input, value[0]):F2}\t{string.Join(' ', input)}");

    protected override string ToJson(string[] input, ReadOnlySpan<float> value)
    {
        float loss = value[0];
        return JsonLine.Write(json =>
        {
            json.WriteTexts("words", input);
            json.WriteFinite("log_probability", -loss);
            json.WriteFinite("perplexity", PerplexityOf(input, loss));
        });
    }

    // Of its words and its end.
    private static double PerplexityOf(string[] words, double loss)
    {
        var perplexity = new Perplexity();
        perplexity.Add(loss, words.Length + 1);
        return perplexity.Value;
    }
}
