using System.Text;
using BlasNet.Text.Files;
using Microsoft.ML.Tokenizers;

namespace BlasNet.Text.Tokenization;

/// <summary>The tokenizer of BERT and DistilBERT.</summary>
internal static class WordPieces
{
    private const string Unknown = "[UNK]", Prefix = "##";

    private static readonly string[] Special = [Unknown, "[PAD]", "[CLS]", "[SEP]", "[MASK]"];

    /// <param name="path">A <c>vocab.txt</c>: a token a line, the first one is 0.</param>
    /// <param name="settings">The <c>tokenizer_config.json</c>; null if there is none.</param>
    /// <exception cref="TextModelException">It is no vocabulary of word pieces.</exception>
    public static TextTokenizer Read(string path, JsonFile? settings)
    {
        bool lowers = settings?.Flag("do_lower_case") ?? true;
        var rules = new BertRules(
            SetsApartIdeographs: settings?.Flag("tokenize_chinese_chars") ?? true, StripsAccents: settings?.Flag("strip_accents") ?? lowers, Lowers: lowers);
        Dictionary<string, int> vocabulary = new(StringComparer.Ordinal);
        try
        {
            foreach (string token in File.ReadLines(path))
            {
                if (!vocabulary.TryAdd(token, vocabulary.Count))
                    throw new TextModelException(path, $"line {vocabulary.Count + 1}: '{token}' is on line {vocabulary[token] + 1}, too");
            }
        }
        catch (Exception e) when (e is (IOException or UnauthorizedAccessException) and not TextModelException)
        {
            throw new TextModelException(path, $"cannot be read: {e.Message}", e);
        }

        return Create(path, vocabulary, Special.Where(vocabulary.ContainsKey), rules);
    }

    /// <param name="file">The <c>tokenizer.json</c>.</param>
    /// <param name="model">Its model.</param>
    /// <param name="vocabulary">Of the model and what was added to it.</param>
    /// <param name="special">Names of tokens that stand for themselves.</param>
    /// <exception cref="TextModelException">It has another form than BERT's.</exception>
    public static TextTokenizer Read(JsonFile file, JsonFile model, Dictionary<string, int> vocabulary, IEnumerable<string> special)
    {
        file.Require((model.Text("unk_token") ?? Unknown) == Unknown, $"'unk_token' of a model of word pieces must be {Unknown}");
        file.Require((model.Text("continuing_subword_prefix") ?? Prefix) == Prefix, $"'continuing_subword_prefix' must be {Prefix}");
        JsonFile normalizer = file.Object("normalizer") ?? throw file.Error("'normalizer' is missing");
        file.Require(normalizer.Text("type") == nameof(BertNormalizer), $"'normalizer' of a model of word pieces must be a {nameof(BertNormalizer)}");
        string? words = file.Object("pre_tokenizer")?.Text("type");
        file.Require(words == "BertPreTokenizer", "'pre_tokenizer' of a model of word pieces must be a BertPreTokenizer");

        bool lowers = normalizer.Flag("lowercase") ?? true;
        var rules = new BertRules(
            normalizer.Flag("clean_text") ?? true, normalizer.Flag("handle_chinese_chars") ?? true, normalizer.Flag("strip_accents") ?? lowers, lowers);
        return Create(file.File, vocabulary, special, rules);
    }

    private static TextTokenizer Create(string path, Dictionary<string, int> vocabulary, IEnumerable<string> special, BertRules rules)
    {
        Vocabulary.Require(path, vocabulary, Special[0], Special[2], Special[3]);
        if (vocabulary.Keys.FirstOrDefault(token => token.Length == 0 || token.AsSpan().ContainsAny('\r', '\n')) is { } broken)
            throw new TextModelException(path, $"token {vocabulary[broken]} is empty or has a line break in it");

        var options = new WordPieceOptions
        {
            Normalizer = new BertNormalizer(rules),
            PreTokenizer = BertWords.Instance,
            UnknownToken = Unknown,
            ContinuingSubwordPrefix = Prefix,
        };
        var lines = new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', vocabulary.OrderBy(entry => entry.Value).Select(entry => entry.Key))));
        Tokenizer pieces = Vocabulary.Checked(path, () => WordPieceTokenizer.Create(lines, options));
        return new TextTokenizer(
            pieces, special.ToDictionary(name => name, name => vocabulary[name], StringComparer.Ordinal),
            vocabulary["[CLS]"], vocabulary["[SEP]"], vocabulary.Count)
        {
            Unknown = vocabulary[Unknown],
        };
    }
}
