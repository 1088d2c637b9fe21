using BlasNet.Cli.Models;
using BlasNet.Datasets;

namespace BlasNet.Cli.Corpora;

/// <summary>Numbers words and tags, and makes tagged sentences into what a tagger takes.</summary>
internal sealed class TaggerCoding
{
    private readonly Dictionary<string, int[]>? _spellings;

    /// <param name="training">Words and tags are numbered by these sentences alone.</param>
    /// <param name="minimumCount">Words seen less often in them have no number of their own.</param>
    /// <param name="spell">Whether these words are read letter by letter; otherwise they, and words never seen, are all <c>&lt;unk&gt;</c>.</param>
    public TaggerCoding(IEnumerable<TaggedWord[]> training, int minimumCount, bool spell)
    {
        VocabularyBuilder words = new(), tags = new(), characters = new();
        foreach (TaggedWord[] sentence in training)
        {
            foreach ((string word, string tag) in sentence)
            {
                words.Add(word);
                tags.Add(tag);
                if (spell)
                    characters.AddCharacters(word);
            }
        }

        _spellings = spell ? new(StringComparer.Ordinal) : null;
        (Words, Tags, Characters) = (words.ToVocabulary(minimumCount), tags.ToVocabulary(unknown: false), characters.ToVocabulary());
    }

    /// <param name="words">Known ones.</param>
    /// <param name="tags">To choose from.</param>
    /// <param name="characters">By which words that are not known are read; null where they are not.</param>
    public TaggerCoding(Vocabulary words, Vocabulary tags, Vocabulary? characters)
    {
        _spellings = characters is null ? null : new(StringComparer.Ordinal);
        (Words, Tags, Characters) = (words, tags, characters ?? Vocabulary.Of([Vocabulary.UnknownWord]));
    }

    /// <summary>Whether rare words are read letter by letter.</summary>
    public bool Spells => _spellings is not null;

    public Vocabulary Words { get; }

    public Vocabulary Tags { get; }

    /// <summary>Of the words of the training data, if they are read letter by letter.</summary>
    public Vocabulary Characters { get; }

    public TaggedSentence Encode(TaggedWord[] sentence) => new(
        Array.ConvertAll(sentence, word => Words.IndexOf(word.Word)),
        Array.ConvertAll(sentence, word => Tags.TryGetIndex(word.Tag, out int tag) ? tag : -1),
        _spellings is null ? [] : Array.ConvertAll(sentence, word => Words.TryGetIndex(word.Word, out _) ? null : SpellingOf(word.Word, _spellings)));

    /// <summary>A sentence whose tags are to be predicted.</summary>
    public TaggedSentence Encode(string[] words) => Encode(Array.ConvertAll(words, word => new TaggedWord(word, "")));

    private int[] SpellingOf(string word, Dictionary<string, int[]> known)
    {
        if (!known.TryGetValue(word, out int[]? spelling))
            known.Add(word, spelling = Characters.EncodeCharacters(word));

        return spelling;
    }
}
