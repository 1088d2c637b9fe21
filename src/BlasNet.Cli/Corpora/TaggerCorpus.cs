using BlasNet.Cli.Models;
using BlasNet.Datasets;

namespace BlasNet.Cli.Corpora;

/// <summary>Tagged sentences as numbers. Words and tags are numbered by the training data alone.</summary>
internal sealed class TaggerCorpus
{
    private readonly Dictionary<string, int[]>? _spellings;

    /// <param name="source">Enumerated twice: to count, and to number.</param>
    /// <param name="minimumCount">Words seen less often in the training data have no number of their own.</param>
    /// <param name="spell">Whether these words are read letter by letter; otherwise they, and words never seen, are all <c>&lt;unk&gt;</c>.</param>
    public TaggerCorpus(Source<TaggedWord[]> source, int minimumCount, bool spell)
    {
        VocabularyBuilder words = new(), tags = new(), characters = new();
        foreach (TaggedWord[] sentence in source.Train)
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
        (Train, Dev) = ([.. source.Train.Select(Encode)], [.. source.Dev.Select(Encode)]);
    }

    public Vocabulary Words { get; }

    public Vocabulary Tags { get; }

    /// <summary>Of the words of the training data, if they are read letter by letter.</summary>
    public Vocabulary Characters { get; }

    public TaggedSentence[] Train { get; }

    public TaggedSentence[] Dev { get; }

    private TaggedSentence Encode(TaggedWord[] sentence) => new(
        Array.ConvertAll(sentence, word => Words.IndexOf(word.Word)),
        Array.ConvertAll(sentence, word => Tags.TryGetIndex(word.Tag, out int tag) ? tag : -1),
        _spellings is null ? [] : Array.ConvertAll(sentence, word => Words.TryGetIndex(word.Word, out _) ? null : SpellingOf(word.Word, _spellings)));

    private int[] SpellingOf(string word, Dictionary<string, int[]> known)
    {
        if (!known.TryGetValue(word, out int[]? spelling))
            known.Add(word, spelling = Characters.EncodeCharacters(word));

        return spelling;
    }
}
