using System.Runtime.InteropServices;
using System.Text;

namespace BlasNet.Datasets;

/// <summary>Counts words, and makes a <see cref="Vocabulary"/> of those that are frequent enough.</summary>
public sealed class VocabularyBuilder
{
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>Number of different words so far.</summary>
    public int Count => _counts.Count;

    /// <summary>Counts a word once more.</summary>
    public void Add(ReadOnlySpan<char> word) =>
        CollectionsMarshal.GetValueRefOrAddDefault(_counts.GetAlternateLookup<ReadOnlySpan<char>>(), word, out _)++;

    /// <summary>Counts each character of a word, which is what an embedding of characters needs: Unicode's, not halves of surrogate pairs.</summary>
    public void AddCharacters(ReadOnlySpan<char> word)
    {
        while (!word.IsEmpty)
        {
            Rune.DecodeFromUtf16(word, out _, out int length);
            Add(word[..length]);
            word = word[length..];
        }
    }

    /// <summary>Makes a vocabulary of the words counted so far.</summary>
    /// <param name="minimumCount">Words seen less often are left out.</param>
    /// <param name="maximumSize">At most this many indices, <c>&lt;unk&gt;</c> included; the rarest words are left out.</param>
    /// <param name="unknown">Whether index 0 is <c>&lt;unk&gt;</c>, which stands for every word that is left out or never seen. Without it, as for
    /// labels, an unknown word is an error.</param>
    /// <returns>The most frequent word first; of equally frequent ones, that which is first by the values of its UTF-16 units.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A limit is below 1.</exception>
    public Vocabulary ToVocabulary(int minimumCount = 1, int maximumSize = int.MaxValue, bool unknown = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimumCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumSize, 1);

        long total = _counts.Values.Sum();
        KeyValuePair<string, long>[] kept =
        [
            .. _counts
                .Where(word => word.Value >= minimumCount && !(unknown && word.Key == Vocabulary.UnknownWord))
                .OrderByDescending(word => word.Value)
                .ThenBy(word => word.Key, StringComparer.Ordinal)
                .Take(unknown ? maximumSize - 1 : maximumSize),
        ];

        if (unknown)
            kept = [new(Vocabulary.UnknownWord, total - kept.Sum(word => word.Value)), .. kept];

        return new Vocabulary(kept, unknown);
    }
}
