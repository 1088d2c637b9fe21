using BlasNet.Text.Files;
using Microsoft.ML.Tokenizers;

namespace BlasNet.Text.Tokenization;

/// <summary>The tokenizer of RoBERTa: byte pairs over bytes, so that no text is unknown.</summary>
/// <remarks>Source: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, section 2.2.</remarks>
internal static class BytePairs
{
    private const string First = "<s>", Last = "</s>";

    /// <param name="file">The <c>tokenizer.json</c>.</param>
    /// <param name="model">Its model.</param>
    /// <param name="vocabulary">Of the model and what was added to it.</param>
    /// <param name="special">Names of tokens that stand for themselves.</param>
    /// <exception cref="TextModelException">It has another form than RoBERTa's.</exception>
    public static TextTokenizer Read(JsonFile file, JsonFile model, Dictionary<string, int> vocabulary, IEnumerable<string> special)
    {
        file.Require(file.Find("normalizer") is null, "'normalizer' of a model of byte pairs must be null");
        JsonFile words = file.Object("pre_tokenizer") ?? throw file.Error("'pre_tokenizer' is missing");
        file.Require(words.Text("type") == "ByteLevel", "'pre_tokenizer' of a model of byte pairs must be ByteLevel");
        file.Require(words.Flag("add_prefix_space") != true, "'add_prefix_space' must be false");
        Vocabulary.Require(file.File, vocabulary, First, Last);

        string[] merges = [.. model.Array("merges").Select(merge => merge.ValueKind == System.Text.Json.JsonValueKind.Array
            ? string.Join(' ', merge.EnumerateArray().Select(model.StringOf))
            : model.StringOf(merge))];
        var options = new BpeOptions(vocabulary) { Merges = merges, ByteLevel = true, PreTokenizer = RobertaPreTokenizer.Instance };
        return new TextTokenizer(
            Vocabulary.Checked(file.File, () => BpeTokenizer.Create(options)),
            special.ToDictionary(name => name, name => vocabulary[name], StringComparer.Ordinal),
            vocabulary[First], vocabulary[Last], vocabulary.Count)
        {
            Unknown = vocabulary.GetValueOrDefault("<unk>", vocabulary[Last]),
            Separators = 2,
            WordStart = " ",
        };
    }
}
