using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Serving.Benchmarks;

/// <summary>A GRU 128→256 over sentences of 5 to 40 words, and a linear layer at its last state: what is served.</summary>
internal sealed class SentenceModel : IDisposable
{
    private const int Vocabulary = 2000, Embedding = 128, Hidden = 256, Classes = 4, Shortest = 5, Longest = 40;

    private readonly Model _model;

    /// <param name="seed">Of the parameters: models of different seeds give different answers.</param>
    public SentenceModel(int seed)
    {
        _model = new Model(seed);
        var words = new Embedding(_model, "words", Embedding, Vocabulary);
        var gru = new Gru(_model, "gru", Embedding, Hidden);
        var output = new Linear(_model, "output", Classes, Hidden);
        Evaluator = new Evaluator<int[]>(_model, (g, sentence) =>
        {
            Expr states = gru.Run(words.Of(g, sentence), reverse: false);
            return output.Apply(SliceColumns(states, sentence.Length - 1, 1));
        });
    }

    public Evaluator<int[]> Evaluator { get; }

    /// <summary>Sentences of evenly distributed lengths and words.</summary>
    public static int[][] Sentences(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
            Enumerable.Range(0, random.Next(Shortest, Longest + 1)).Select(_ => random.Next(Vocabulary)).ToArray())];
    }

    /// <summary>The first number of the model's value, which is compared.</summary>
    public BatchModel<int[], float> ToBatchModel() => BatchModel.Of(Evaluator, (int[] _, ReadOnlySpan<float> value) => value[0], _model);

    /// <summary>The values of sentences computed one by one.</summary>
    public float[] OneByOne(int[][] sentences) => [.. sentences.Select(sentence => (float)Evaluator.Predict(sentence)[0])];

    public void Dispose() => _model.Dispose();
}
