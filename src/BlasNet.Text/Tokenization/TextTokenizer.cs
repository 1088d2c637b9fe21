using System.Buffers;
using Microsoft.ML.Tokenizers;

namespace BlasNet.Text.Tokenization;

/// <summary>Makes tokens of a text, and adds those that begin and end it.</summary>
/// <param name="pieces">Makes tokens of text that names no special one.</param>
/// <param name="special">Tokens that stand for themselves wherever a text has their name.</param>
/// <param name="first">The token that every text begins with.</param>
/// <param name="last">The token that every text ends with.</param>
/// <param name="size">Number of tokens of the vocabulary.</param>
/// <remarks>Any number of threads may use it at once.</remarks>
internal sealed class TextTokenizer(Tokenizer pieces, IReadOnlyDictionary<string, int> special, int first, int last, int size)
{
    private readonly SearchValues<string> _names = SearchValues.Create([.. special.Keys], StringComparison.Ordinal);

    public int VocabularySize => size;

    public int First => first;

    public int Last => last;

    /// <summary>The token of a word that has no others.</summary>
    public required int Unknown { get; init; }

    /// <summary>How many tokens, each as the last one, are between two texts.</summary>
    public int Separators { get; init; } = 1;

    /// <summary>What comes before a word that follows another one, where words are made into tokens one by one.</summary>
    public string WordStart { get; init; } = "";

    /// <summary>Whether texts are lower-cased before anything else, whatever the tokenizer itself does.</summary>
    public bool LowersFirst { get; set; }

    /// <summary>The tokens of a text or a pair, at most so many: of the longer text the end is left out.</summary>
    /// <param name="input">A text, or two.</param>
    /// <param name="maximum">Those that begin, separate and end texts included.</param>
    public TokenSequence Encode(TextInput input, int maximum)
    {
        List<int> one = Tokenize(input.First), other = input.Second is null ? [] : Tokenize(input.Second);
        int[] between = input.Second is null ? [] : [.. Enumerable.Repeat(last, Separators)];
        int room = Math.Max(0, maximum - 2 - between.Length);
        while (one.Count + other.Count > room)
        {
            List<int> longer = one.Count > other.Count ? one : other;
            longer.RemoveAt(longer.Count - 1);
        }

        int[] tokens = [first, .. one, .. between, .. other, last];
        return new TokenSequence(tokens, input.Second is null ? tokens.Length : 1 + one.Count + between.Length);
    }

    /// <summary>All tokens of a text, without those that begin and end it.</summary>
    public List<int> Tokenize(string text)
    {
        if (LowersFirst)
            text = text.ToLowerInvariant();

        List<int> tokens = [];
        int start = 0;
        while (start < text.Length)
        {
            int length = text.AsSpan(start).IndexOfAny(_names);
            if (length < 0)
                length = text.Length - start;

            if (length > 0)
                tokens.AddRange(pieces.EncodeToIds(text.AsSpan(start, length)));

            start += length;
            if (start < text.Length)
            {
                string name = special.Keys.Where(name => text.AsSpan(start).StartsWith(name, StringComparison.Ordinal)).MaxBy(name => name.Length)!;
                tokens.Add(special[name]);
                start += name.Length;
            }
        }

        return tokens;
    }
}
