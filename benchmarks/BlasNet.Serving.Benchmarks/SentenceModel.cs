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
        : this(new Model(seed), model => model)
    {
    }

    /// <param name="saved">What <see cref="Save"/> has given. Reading it takes 1 ms; to make 256 orthogonal states takes 70.</param>
    public SentenceModel(byte[] saved)
        : this(new Model(), model => new Blank(model))
    {
        using var stream = new MemoryStream(saved);
        _model.Load(stream);
    }

    private SentenceModel(Model model, Func<Model, IParameters> parameters)
    {
        _model = model;
        IParameters all = parameters(model);
        var words = new Embedding(all, "words", Embedding, Vocabulary);
        var gru = new Gru(all, "gru", Embedding, Hidden);
        var output = new Linear(all, "output", Classes, Hidden);
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

    public byte[] Save()
    {
        using var stream = new MemoryStream();
        _model.Save(stream);
        return stream.ToArray();
    }

    public void Dispose() => _model.Dispose();

    /// <summary>Parameters that a file overwrites.</summary>
    private sealed class Blank(Model model) : IParameters
    {
        public Parameter Weight(string name, int outputs, int inputs, Initializer? initializer) => model.Weight(name, outputs, inputs, Initializer.Zeros);

        public Parameter Bias(string name, int size, Initializer? initializer) => model.Bias(name, size, Initializer.Zeros);
    }
}
