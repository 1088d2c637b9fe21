using BlasNet.Cli.Models;
using BlasNet.Datasets;

namespace BlasNet.Cli.Corpora;

/// <summary>Numbers words and labels, and makes binary trees into what a classifier takes.</summary>
internal sealed class TreeCoding
{
    /// <param name="training">Words and labels are numbered by these trees alone.</param>
    /// <param name="minimumCount">Words seen less often in them, and words never seen, are all <c>&lt;unk&gt;</c>.</param>
    public TreeCoding(IEnumerable<Tree> training, int minimumCount)
    {
        VocabularyBuilder words = new(), labels = new();
        foreach (Tree node in training.SelectMany(tree => tree.PostOrder()))
        {
            labels.Add(node.Label);
            if (node.Word is { } word)
                words.Add(word);
        }

        (Words, Labels) = (words.ToVocabulary(minimumCount), labels.ToVocabulary(unknown: false));
    }

    public TreeCoding(Vocabulary words, Vocabulary labels) => (Words, Labels) = (words, labels);

    public Vocabulary Words { get; }

    public Vocabulary Labels { get; }

    public LabelledTree Encode(Tree binary) => LabelledTree.Of(binary, Words, Labels);

    /// <summary>Generated ListOps, as many as are asked for; the first thousand of a seed are for the test, whatever the number of the others.</summary>
    public static Source<Tree> ListOps(int seed, int count)
    {
        const int Dev = 1000;
        var trees = new ListOps(seed);
        IEnumerable<Tree> Trees(int first, int length) => Enumerable.Range(first, length).Select(example => Datasets.ListOps.Binarize(trees[example]));
        return new Source<Tree>(Trees(Dev, count), Trees(0, Dev));
    }
}
