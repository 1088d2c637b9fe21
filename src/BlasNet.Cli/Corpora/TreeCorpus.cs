using BlasNet.Cli.Models;
using BlasNet.Datasets;

namespace BlasNet.Cli.Corpora;

/// <summary>Binary trees as numbers. Words and labels are numbered by the training data alone.</summary>
internal sealed class TreeCorpus
{
    /// <param name="source">Binary trees; enumerated twice: to count, and to number.</param>
    /// <param name="minimumCount">Words seen less often in the training data, and words never seen, are all <c>&lt;unk&gt;</c>.</param>
    public TreeCorpus(Source<Tree> source, int minimumCount)
    {
        VocabularyBuilder words = new(), labels = new();
        foreach (Tree node in source.Train.SelectMany(tree => tree.PostOrder()))
        {
            labels.Add(node.Label);
            if (node.Word is { } word)
                words.Add(word);
        }

        (Words, Labels) = (words.ToVocabulary(minimumCount), labels.ToVocabulary(unknown: false));
        (Train, Dev) = ([.. source.Train.Select(Encode)], [.. source.Dev.Select(Encode)]);
    }

    public Vocabulary Words { get; }

    public Vocabulary Labels { get; }

    public LabelledTree[] Train { get; }

    public LabelledTree[] Dev { get; }

    /// <summary>Generated ListOps, as many as are asked for; the first thousand of a seed are for the test, whatever the number of the others.</summary>
    public static Source<Tree> ListOps(int seed, int count)
    {
        const int Dev = 1000;
        var trees = new ListOps(seed);
        IEnumerable<Tree> Trees(int first, int length) => Enumerable.Range(first, length).Select(example => Datasets.ListOps.Binarize(trees[example]));
        return new Source<Tree>(Trees(Dev, count), Trees(0, Dev));
    }

    private LabelledTree Encode(Tree tree) => LabelledTree.Of(tree, Words, Labels);
}
