using BlasNet.Cli.Training;
using BlasNet.Datasets;
using BlasNet.Text;
using BlasNet.Training;

namespace BlasNet.Cli.Prediction;

/// <summary>Tags sentences as <see cref="TaggerPredictor"/> does, by a pretrained encoder with a head.</summary>
internal sealed class PretrainedTaggerPredictor : SentencePredictor<TaggedText>
{
    private readonly IReadOnlyList<string> _tags;

    /// <param name="tagger">Is disposed with this.</param>
    public PretrainedTaggerPredictor(TextTagger tagger)
        : base(tagger.Model)
    {
        _tags = tagger.Tags;
        Evaluator = new Evaluator<TaggedText>(Model, (graph, sentence) => tagger.Logits(graph, sentence.Words));
    }

    protected override Evaluator<TaggedText> Evaluator { get; }

    public override IReadOnlyList<KeyValuePair<string, double>> Evaluate(string data, CancellationToken cancellation)
    {
        var confusion = new ConfusionMatrix(_tags.Count);
        var numbers = _tags.Index().ToDictionary(tag => tag.Item, tag => tag.Index, StringComparer.Ordinal);
        long sentences = Run(TaggedFile.Read(data).Select(sentence => TaggedText.Of(sentence, numbers)), (sentence, scores) =>
        {
            for (int i = 0; i < sentence.Tags.Length; i++)
                confusion.Add(sentence.Tags[i], scores.Slice(i * confusion.Classes, confusion.Classes));
        }, cancellation);
        return [new("examples", sentences), new("words", confusion.Count), new("accuracy", confusion.Accuracy), new("macro_f1", confusion.MacroF1)];
    }

    protected override TaggedText Encode(string[] input) => new(input, []);

    protected override string ToText(string[] input, ReadOnlySpan<float> value) => TaggerPredictor.Text(input, TagsOf(value));

    protected override string ToJson(string[] input, ReadOnlySpan<float> value) => TaggerPredictor.Json(input, TagsOf(value));

    private string[] TagsOf(ReadOnlySpan<float> scores) => Array.ConvertAll(ClassesOf(scores, _tags.Count), tag => _tags[tag]);
}
