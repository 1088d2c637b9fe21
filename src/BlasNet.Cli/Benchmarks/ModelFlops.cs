using BlasNet.Cli.Models;

namespace BlasNet.Cli.Benchmarks;

/// <summary>Floating-point operations of the matrix products of one example's loss and its gradients.</summary>
/// <remarks>A weight [m × k] times a vector takes 2·m·k, and so does each of the two products of its gradient rule: that of the weight and that of the
/// vector, where the vector depends on parameters. They are the model's own: what is computed once for several examples still counts for each.</remarks>
internal static class ModelFlops
{
    public static long Of(TaggerSizes sizes, TaggedSentence sentence) =>
        2 * Lstm(sentence.Words.Length, sizes.Embedding, sizes.Hidden)
        + sentence.Words.Length * (Product(sizes.Mlp, 2 * sizes.Hidden) + Product(sizes.Tags, sizes.Mlp));

    public static long Of(TaggerSizes sizes, int characterEmbedding, TaggedSentence sentence) =>
        Of(sizes, sentence) + sentence.Characters.Sum(spelling => spelling is null ? 0 : 2 * Lstm(spelling.Length, characterEmbedding, sizes.Embedding / 2));

    public static long Of(TreeSizes sizes, LabelledTree tree) =>
        tree.Words.Length * 3 * Product(sizes.Hidden, sizes.Embedding)
        + (tree.Words.Length - 1) * 5 * Product(sizes.Hidden, 2 * sizes.Hidden)
        + tree.Nodes.Length * Product(sizes.Labels, sizes.Hidden);

    public static long Of(LanguageModelSizes sizes, int[] sentence) =>
        Lstm(LanguageModel.PredictionsOf(sentence), sizes.Embedding, sizes.Hidden)
        + LanguageModel.PredictionsOf(sentence) * Product(sizes.Words, sizes.Hidden);

    /// <summary>Of a parser with as many transitions as a tree needs: two a word.</summary>
    public static long Of(ParserSizes sizes, ParsedSentence sentence)
    {
        int columns = sentence.Words.Length;
        return 2 * (Lstm(columns, sizes.Embedding + sizes.TagEmbedding, sizes.Hidden) + Lstm(columns, 2 * sizes.Hidden, sizes.Hidden))
            + columns * 4 * Product(sizes.Mlp, 2 * sizes.Hidden) + 2L * sentence.Length * Product(1 + 2 * sizes.Relations, sizes.Mlp);
    }

    /// <param name="sizes">Lengths of the input and of all layers; the input depends on no parameter.</param>
    public static long OfPerceptron(params ReadOnlySpan<int> sizes)
    {
        long flops = 4L * sizes[1] * sizes[0];
        for (int i = 2; i < sizes.Length; i++)
            flops += Product(sizes[i], sizes[i - 1]);

        return flops;
    }

    // Four gates; the first step has no state to multiply with, and nothing to forget.
    private static long Lstm(int steps, int inputs, int hidden) => (4 * steps - 1) * Product(hidden, inputs) + 4 * (steps - 1) * Product(hidden, hidden);

    private static long Product(int rows, int columns) => 6L * rows * columns;
}
