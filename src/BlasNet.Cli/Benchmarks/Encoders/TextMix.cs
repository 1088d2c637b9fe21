using BlasNet.Text;

namespace BlasNet.Cli.Benchmarks.Encoders;

/// <summary>Texts as programs meet them, made of sentences in their order.</summary>
internal static class TextMix
{
    /// <summary>Sentences as they come; short queries and passages in turn; texts of one length.</summary>
    public const string Sentences = "sentences", Passages = "queries-and-passages", EqualLengths = "128-tokens";

    private const int LongestQuery = 16;

    // Tokens; a passage ends with the sentence that reaches the length drawn for it.
    private const int ShortestPassage = 64, LongestPassage = 384;

    public static IReadOnlyList<string> All { get; } = [Sentences, Passages, EqualLengths];

    /// <summary>So many texts of a mix, or as many as the sentences suffice for.</summary>
    /// <exception cref="ArgumentException">There is no such mix.</exception>
    public static string[] Take(string mix, TextEncoder encoder, IEnumerable<string> sentences, int count)
    {
        IEnumerable<string> texts = mix switch
        {
            Sentences => sentences,
            Passages => QueriesAndPassages(sentences, encoder),
            EqualLengths => Equal(sentences, encoder, 128),
            _ => throw new ArgumentException($"there is no mix \"{mix}\", but {string.Join(", ", All)}.", nameof(mix)),
        };
        return [.. texts.Take(count)];
    }

    /// <summary>Short sentences, as one types them to search, and several sentences that follow each other, in turn.</summary>
    private static IEnumerable<string> QueriesAndPassages(IEnumerable<string> sentences, TextEncoder encoder)
    {
        var random = new Random(1);
        var queries = new Queue<string>();
        List<string> passage = [];
        int tokens = 0, length = random.Next(ShortestPassage, LongestPassage);
        foreach (string sentence in sentences)
        {
            int own = encoder.Tokenize(sentence).Length;
            if (own <= LongestQuery)
                queries.Enqueue(sentence);

            passage.Add(sentence);
            tokens += own;
            if (tokens < length || queries.Count == 0)
                continue;

            yield return queries.Dequeue();
            yield return string.Join(' ', passage);
            passage.Clear();
            (tokens, length) = (0, random.Next(ShortestPassage, LongestPassage));
        }
    }

    /// <summary>Sentences one after another, cut to a number of tokens, those that begin and end a text included.</summary>
    private static IEnumerable<string> Equal(IEnumerable<string> sentences, TextEncoder encoder, int length)
    {
        List<string> words = [];
        foreach (string word in sentences.SelectMany(sentence => sentence.Split(' ')))
        {
            words.Add(word);
            if (words.Count < length / 2)
                continue;

            string text = string.Join(' ', words);
            int tokens = encoder.Tokenize(text).Length;
            if (tokens == length)
                yield return text;
            if (tokens >= length)
                words.Clear();
        }
    }
}
