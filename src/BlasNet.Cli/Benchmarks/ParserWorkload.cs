using BlasNet.Cli.Commands;
using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Cli.Benchmarks;

/// <summary>The parser with Adam, float32: its transitions awaited, or those of the trees.</summary>
internal static class ParserWorkload
{
    public const string Description =
        "A transition-based parser: two BiLSTMs of 125 in each direction, a perceptron of 100 at each transition; transitions are awaited.";

    private const int SyntheticSentences = 12_544, SyntheticRelations = 40;

    public static Workload Create(WorkloadOptions options)
    {
        ConlluWord[][] sentences = options.Data is { } file ? [.. TrainParserCommand.ReadWithHeads(file)] : [.. Synthetic(options.Seed)];
        var coding = new ParserCoding(sentences, minimumCount: 1);
        var sizes = new ParserSizes(coding.Words.Count, coding.Tags.Count, coding.Relations.Count);
        var model = new Model(options.Seed);
        var parser = new Parser(model, sizes);
        return new Workload<ParsedSentence>(
            model, parser.LossOfKnown, lossByLoops: null, new Adam(), options.Take(sentences, coding.Encode), options,
            sentence => ModelFlops.Of(sizes, sentence), sentence => sentence.Length, parser.Loss);
    }

    // Sentences with the lengths of real text and any projective trees.
    private static IEnumerable<ConlluWord[]> Synthetic(int seed)
    {
        var random = new RandomNumbers((ulong)seed, "heads");
        foreach (TaggedWord[] words in new SyntheticText(seed).TaggedSentences(SyntheticSentences))
        {
            int[] heads = new int[words.Length];
            Attach(random, heads, 0, words.Length, head: 0);
            yield return [.. words.Select((word, i) => new ConlluWord(
                word.Word, "_", word.Tag, "_", heads[i], $"r{random.NextBelow(SyntheticRelations)}"))];
        }
    }

    // One word of a span depends on the head, the words before it and after it on that word.
    private static void Attach(RandomNumbers random, int[] heads, int start, int end, int head)
    {
        if (start == end)
            return;

        int word = start + random.NextBelow(end - start);
        heads[word] = head;
        Attach(random, heads, start, word, word + 1);
        Attach(random, heads, word + 1, end, word + 1);
    }
}
