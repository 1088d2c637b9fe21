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

    /// <summary>Whether texts are lower-cased before anything else, whatever the tokenizer itself does.</summary>
    public bool LowersFirst { get; set; }

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
