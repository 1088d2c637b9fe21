using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;

namespace BlasNet.Tests.Layers;

public sealed class SequenceEmbeddingTests
{
    private const int Size = 3, Vocabulary = 7, Positions = 6;

    /// <summary>By the definition: (s − mean) / √(variance + ε), s the sum of the vectors of word, position and type.</summary>
    [Theory, InlineData(0, false, 0), InlineData(2, false, 1), InlineData(2, true, 2)]
    public void Each_word_has_the_normalised_sum_of_its_vectors(int types, bool areGiven, int first)
    {
        using var model = new Model(1, Precision.Double);
        var embedding = new SequenceEmbedding(model, "e", Size, Vocabulary, Positions, types, first);
        int[] words = [4, 0, 4], ofWords = areGiven ? [1, 0, 1] : [];
        Graph graph = model.NewGraph();
        double[] values = graph.Evaluate(embedding.Of(graph, words, ofWords));

        for (int i = 0; i < words.Length; i++)
        {
            double[] sum = [.. Enumerable.Range(0, Size).Select(row => At("words", words[i], row) + At("positions", first + i, row)
                + (types > 0 ? At("types", areGiven ? ofWords[i] : 0, row) : 0))];
            double mean = sum.Average(), deviation = Math.Sqrt(sum.Average(s => (s - mean) * (s - mean)) + 1e-5);
            for (int row = 0; row < Size; row++)
                Assert.Equal((sum[row] - mean) / deviation, values[(i * Size) + row], 1e-12);
        }

        double At(string table, int column, int row) => model.ValuesOf(model[$"e.{table}.E"])[(column * Size) + row];
    }

    [Fact]
    public void Types_are_refused_where_there_are_none_or_not_one_for_each_word()
    {
        using var model = new Model(1);
        SequenceEmbedding plain = new(model, "plain", Size, Vocabulary, Positions), typed = new(model, "typed", Size, Vocabulary, Positions, types: 2);
        Graph graph = model.NewGraph();

        Assert.Equal("types", Assert.Throws<ArgumentException>(() => plain.Of(graph, [1, 2], [0, 0])).ParamName);
        Assert.Equal("types", Assert.Throws<ArgumentException>(() => typed.Of(graph, [1, 2], [0])).ParamName);
        Assert.Equal("words", Assert.Throws<ArgumentException>(() => typed.Of(graph, new int[Positions + 1])).ParamName);
    }
}
