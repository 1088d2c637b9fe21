using BlasNet.Datasets;

namespace BlasNet.Cli.Corpora;

/// <summary>Sentences as numbers. Words are numbered by the training data alone.</summary>
internal sealed class TextCorpus
{
    /// <param name="source">Enumerated twice: to count, and to number.</param>
    /// <param name="vocabulary">At most so many different words, <c>&lt;unk&gt;</c>, which stands for all others, and the mark between sentences included.</param>
    public TextCorpus(Source<string[]> source, int vocabulary)
    {
        Words = Vocabulary.Build(source.Train.SelectMany(sentence => sentence), maximumSize: vocabulary - 1);
        (Train, Dev) = ([.. source.Train.Select(Encode)], [.. source.Dev.Select(Encode)]);
    }

    public Vocabulary Words { get; }

    public int[][] Train { get; }

    public int[][] Dev { get; }

    private int[] Encode(string[] sentence) => Words.Encode(sentence);
}
