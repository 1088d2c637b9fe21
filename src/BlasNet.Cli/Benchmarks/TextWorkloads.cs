using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Cli.Benchmarks;

/// <summary>The models of sentences and trees with Adam, float32, on the first examples of a file, or on synthetic ones with the lengths of real text.</summary>
/// <remarks>Words are numbered by the whole file, or by as many synthetic sentences as the English Web Treebank has: the size of the tables does not
/// depend on how many examples are computed.</remarks>
internal static class TextWorkloads
{
    public const string Tagger = "A BiLSTM tagger: word vectors of 128, 50 in each direction, a perceptron of 32 at each word.";

    public const string CharacterTagger = "The same tagger, reading words seen at most 5 times letter by letter: character vectors of 20, 64 in each direction.";

    public const string Tree = "A binary Tree-LSTM: word vectors of 128, states of 128, and a classifier at every node.";

    public const string LanguageModel = "An LSTM language model: word vectors of 128, states of 256, a softmax over all words at each word.";

    private const int SyntheticSentences = 12_544, CharacterEmbedding = 20, Rare = 5;

    public static Workload NewTagger(WorkloadOptions options)
    {
        var (coding, sentences) = Tagged(options, minimumCount: 1, spell: false);
        var sizes = new TaggerSizes(coding.Words.Count, coding.Tags.Count);
        var model = new Model(options.Seed);
        var tagger = new Tagger(model, sizes);
        return new Workload<TaggedSentence>(
            model, tagger.Loss, tagger.LossByLoops, new Adam(), sentences, options, sentence => ModelFlops.Of(sizes, sentence), WordsOf);
    }

    public static Workload NewCharacterTagger(WorkloadOptions options)
    {
        var (coding, sentences) = Tagged(options, minimumCount: Rare + 1, spell: true);
        var sizes = new TaggerSizes(coding.Words.Count, coding.Tags.Count);
        var model = new Model(options.Seed);
        var tagger = new CharacterTagger(model, sizes, coding.Characters.Count, CharacterEmbedding);
        return new Workload<TaggedSentence>(
            model, tagger.Loss, tagger.LossByLoops, new Adam(), sentences, options,
            sentence => ModelFlops.Of(sizes, CharacterEmbedding, sentence), WordsOf);
    }

    public static Workload NewTree(WorkloadOptions options)
    {
        IEnumerable<Tree> trees = options.Data is { } file
            ? [.. TreeFile.Read(file).Select(tree => tree.Binarize())]
            : new SyntheticText(options.Seed).Trees(SyntheticSentences);
        var coding = new TreeCoding(trees, minimumCount: 1);
        var sizes = new TreeSizes(coding.Words.Count, coding.Labels.Count);
        var model = new Model(options.Seed);
        var classifier = new TreeClassifier(model, sizes);
        return new Workload<LabelledTree>(
            model, classifier.Loss, classifier.LossByLoops, new Adam(), options.Take(trees, coding.Encode), options,
            tree => ModelFlops.Of(sizes, tree), tree => tree.Words.Length);
    }

    /// <param name="options">How to run.</param>
    /// <param name="vocabulary">The softmax is over so many words, whatever the data has.</param>
    public static Workload NewLanguageModel(WorkloadOptions options, int vocabulary)
    {
        IEnumerable<string[]> sentences = options.Data is { } file ? [.. SentenceFile.Read(file)] : new SyntheticText(options.Seed).Sentences(SyntheticSentences);
        Vocabulary words = Vocabulary.Build(sentences.SelectMany(sentence => sentence), maximumSize: vocabulary - 1);
        var sizes = new LanguageModelSizes(vocabulary);
        var model = new Model(options.Seed);
        var language = new LanguageModel(model, sizes);
        return new Workload<int[]>(
            model, language.Loss, language.LossByLoops, new Adam(), options.Take(sentences, sentence => words.Encode(sentence)), options,
            sentence => ModelFlops.Of(sizes, sentence), Models.LanguageModel.PredictionsOf);
    }

    private static (TaggerCoding Coding, TaggedSentence[] Sentences) Tagged(WorkloadOptions options, int minimumCount, bool spell)
    {
        IEnumerable<TaggedWord[]> sentences = options.Data is { } file
            ? [.. TaggedFile.Read(file)]
            : new SyntheticText(options.Seed).TaggedSentences(SyntheticSentences);
        var coding = new TaggerCoding(sentences, minimumCount, spell);
        return (coding, options.Take(sentences, coding.Encode));
    }

    private static int WordsOf(TaggedSentence sentence) => sentence.Words.Length;
}
