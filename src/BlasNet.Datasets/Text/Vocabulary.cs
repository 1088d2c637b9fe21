using System.Text;

namespace BlasNet.Datasets;

/// <summary>Numbers words 0…n − 1, the most frequent first, and knows how often each was seen.</summary>
/// <remarks>The numbering depends on the counts only, not on the order of the words in the data.</remarks>
public sealed class Vocabulary
{
    /// <summary>What stands for every word that is not in the vocabulary: <c>&lt;unk&gt;</c>.</summary>
    public const string UnknownWord = "<unk>";

    private readonly KeyValuePair<string, long>[] _words;
    private readonly Dictionary<string, int> _indices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    internal Vocabulary(KeyValuePair<string, long>[] words, bool hasUnknown)
    {
        (_words, HasUnknown) = (words, hasUnknown);

        foreach ((string word, _) in words)
            _indices.Add(word, _indices.Count);

        _lookup = _indices.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Counts words and numbers those that are frequent enough.</summary>
    /// <param name="words">A corpus, word by word.</param>
    /// <param name="minimumCount">Words seen less often are left out.</param>
    /// <param name="maximumSize">At most this many indices, <c>&lt;unk&gt;</c> included; the rarest words are left out.</param>
    /// <param name="unknown">Whether index 0 is <c>&lt;unk&gt;</c>; see <see cref="VocabularyBuilder.ToVocabulary"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A limit is below 1.</exception>
    public static Vocabulary Build(IEnumerable<string> words, int minimumCount = 1, int maximumSize = int.MaxValue, bool unknown = true)
    {
        ArgumentNullException.ThrowIfNull(words);
        var builder = new VocabularyBuilder();

        foreach (string word in words)
            builder.Add(word);

        return builder.ToVocabulary(minimumCount, maximumSize, unknown);
    }

    /// <summary>Words by their indices, such as <see cref="WordAt"/> has given; nothing is known of how often they were seen.</summary>
    /// <param name="words">If the first is <c>&lt;unk&gt;</c>, it stands for every word that is not one of them.</param>
    /// <exception cref="ArgumentException">A word occurs twice.</exception>
    public static Vocabulary Of(IReadOnlyList<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);

        return words.GroupBy(word => word, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice
            ? throw new ArgumentException($"The word {ErrorText.Quote(twice.Key)} occurs twice.", nameof(words))
            : new Vocabulary([.. words.Select(word => KeyValuePair.Create(word, 0L))], hasUnknown: words is [UnknownWord, ..]);
    }

    /// <summary>Number of indices, that of <c>&lt;unk&gt;</c> included.</summary>
    public int Count => _words.Length;

    /// <summary>Whether index 0 is <c>&lt;unk&gt;</c>.</summary>
    public bool HasUnknown { get; }

    /// <summary>The index of a word; for one that is not in the vocabulary 0, that of <c>&lt;unk&gt;</c>. Allocates nothing.</summary>
    /// <exception cref="KeyNotFoundException">It is not in the vocabulary, which has no <c>&lt;unk&gt;</c>.</exception>
    public int IndexOf(ReadOnlySpan<char> word) =>
        TryGetIndex(word, out int index) ? index
        : HasUnknown ? 0
        : throw new KeyNotFoundException($"{ErrorText.Quote(word)} is not one of the {Count} words known: {Excerpt()}.");

    /// <summary>Whether a word is in the vocabulary, and its index. Allocates nothing.</summary>
    public bool TryGetIndex(ReadOnlySpan<char> word, out int index) => _lookup.TryGetValue(word, out index);

    /// <summary>The word of an index.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such index.</exception>
    public string WordAt(int index) => _words[Checked(index)].Key;

    /// <summary>How often the word of an index was counted; for <c>&lt;unk&gt;</c>, all words that were left out together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such index.</exception>
    public long CountAt(int index) => _words[Checked(index)].Value;

    /// <summary>The indices of the words of a sentence.</summary>
    /// <inheritdoc cref="IndexOf" path="/exception"/>
    public int[] Encode(ReadOnlySpan<string> words)
    {
        int[] indices = new int[words.Length];

        for (int i = 0; i < indices.Length; i++)
            indices[i] = IndexOf(words[i]);

        return indices;
    }

    /// <summary>The indices of the characters of a word, for a vocabulary made with <see cref="VocabularyBuilder.AddCharacters"/>.</summary>
    /// <inheritdoc cref="IndexOf" path="/exception"/>
    public int[] EncodeCharacters(ReadOnlySpan<char> word)
    {
        var indices = new List<int>(word.Length);

        while (!word.IsEmpty)
        {
            Rune.DecodeFromUtf16(word, out _, out int length);
            indices.Add(IndexOf(word[..length]));
            word = word[length..];
        }

        return [.. indices];
    }

    private int Checked(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return index;
    }

    private string Excerpt()
    {
        const int Shown = 10;

        return string.Join(", ", _words.Take(Shown).Select(word => word.Key)) + (Count > Shown ? ", …" : "");
    }
}
