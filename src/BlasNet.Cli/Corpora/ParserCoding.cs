using BlasNet.Cli.Models;
using BlasNet.Datasets;

namespace BlasNet.Cli.Corpora;

/// <summary>Numbers words, parts of speech and relations, and makes sentences with heads into what a parser takes.</summary>
internal sealed class ParserCoding
{
    private const string Beginning = "<s>", Root = "<root>";

    /// <param name="training">All is numbered by these sentences alone.</param>
    /// <param name="minimumCount">Words seen less often in them, and words never seen, are all <c>&lt;unk&gt;</c>.</param>
    public ParserCoding(IEnumerable<ConlluWord[]> training, int minimumCount)
    {
        VocabularyBuilder words = new(), tags = new(), relations = new();
        for (int i = 0; i < minimumCount; i++)
        {
            words.Add(Beginning);
            words.Add(Root);
        }

        tags.Add(Beginning);
        tags.Add(Root);
        foreach (ConlluWord word in training.SelectMany(sentence => sentence))
        {
            words.Add(word.Form);
            tags.Add(word.Upos);
            if (word.Head is not null)
                relations.Add(word.Relation);
        }

        (Words, Tags, Relations) = (words.ToVocabulary(minimumCount), tags.ToVocabulary(), relations.ToVocabulary(unknown: false));
    }

    public ParserCoding(Vocabulary words, Vocabulary tags, Vocabulary relations) => (Words, Tags, Relations) = (words, tags, relations);

    public Vocabulary Words { get; }

    public Vocabulary Tags { get; }

    public Vocabulary Relations { get; }

    /// <summary>A sentence; where a word has no head, it has none to learn from.</summary>
    public ParsedSentence Encode(ConlluWord[] sentence)
    {
        int root = sentence.Length + 1;
        return new ParsedSentence(
            [Words.IndexOf(Beginning), .. sentence.Select(word => Words.IndexOf(word.Form)), Words.IndexOf(Root)],
            [Tags.IndexOf(Beginning), .. sentence.Select(word => Tags.IndexOf(word.Upos)), Tags.IndexOf(Root)],
            [0, .. sentence.Select(word => word.Head switch { null => 0, 0 => root, { } head => head }), 0],
            [-1, .. sentence.Select(word => Relations.TryGetIndex(word.Relation, out int relation) ? relation : -1), -1]);
    }
}
