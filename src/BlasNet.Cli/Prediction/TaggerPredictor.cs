using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Cli.Prediction;

/// <summary>Tags sentences: <c>words separated by spaces</c> or <c>{"words": […]}</c> become <c>word|TAG …</c> or <c>{"words": […], "tags": […]}</c>.</summary>
internal sealed class TaggerPredictor : SentencePredictor<TaggedSentence>
{
    private readonly TaggerCoding _coding;

    public TaggerPredictor(ModelCard card, bool spell)
    {
        _coding = new TaggerCoding(card.VocabularyOf("words"), card.VocabularyOf("tags"), spell ? card.VocabularyOf("characters") : null);
        var sizes = new TaggerSizes(
            _coding.Words.Count, _coding.Tags.Count, card.SizeOf("embedding"), card.SizeOf("hidden"), card.SizeOf("mlp"));
        Tagger tagger = spell
            ? new CharacterTagger(Model, sizes, _coding.Characters.Count, card.SizeOf("char_embedding")) : new Tagger(Model, sizes);
        Evaluator = new Evaluator<TaggedSentence>(Model, tagger.Scores);
    }

    protected override Evaluator<TaggedSentence> Evaluator { get; }

    public override IReadOnlyList<KeyValuePair<string, double>> Evaluate(string data, CancellationToken cancellation)
    {
        var confusion = new ConfusionMatrix(_coding.Tags.Count);
        long sentences = Run(TaggedFile.Read(data).Select(_coding.Encode), (sentence, scores) =>
        {
            for (int i = 0; i < sentence.Tags.Length; i++)
                confusion.Add(sentence.Tags[i], scores.Slice(i * confusion.Classes, confusion.Classes));
        }, cancellation);
        return [new("examples", sentences), new("words", confusion.Count), new("accuracy", confusion.Accuracy), new("macro_f1", confusion.MacroF1)];
    }

    protected override TaggedSentence Encode(string[] input) => _coding.Encode(input);

    /// <summary>A tagged sentence as text.</summary>
    public static string Text(string[] words, string[] tags) => string.Join(' ', words.Zip(tags, (word, tag) => $"{word}|{tag}"));

    /// <summary>A tagged sentence as JSON.</summary>
    public static string Json(string[] words, string[] tags) => JsonLine.Write(json =>
    {
        json.WriteTexts("words", words);
        json.WriteTexts("tags", tags);
    });

    protected override string ToText(string[] input, ReadOnlySpan<float> value) => Text(input, TagsOf(value));

    protected override string ToJson(string[] input, ReadOnlySpan<float> value) => Json(input, TagsOf(value));

    private string[] TagsOf(ReadOnlySpan<float> scores) => [.. ClassesOf(scores, _coding.Tags.Count).Select(_coding.Tags.WordAt)];
}
