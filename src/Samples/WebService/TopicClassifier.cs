using System.Numerics.Tensors;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Serving;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace WebService;

/// <summary>A text to be classified.</summary>
internal sealed record Question(string Text);

/// <summary>What it is about, and how sure the model is.</summary>
internal sealed record Answer(string Topic, double Probability);

/// <summary>Tells what a text is about: word vectors, a GRU over them, a linear layer at its last state. Written for ONE text.</summary>
internal sealed class TopicClassifier
{
    private const int Embedding = 24, Hidden = 24, Epochs = 40, UnknownWord = 0;

    private readonly Dictionary<string, int> _words;
    private readonly string[] _topics;
    private readonly Embedding _embedding;
    private readonly Gru _gru;
    private readonly Linear _output;

    private TopicClassifier(Model model, (string Topic, string Text)[] examples)
    {
        _topics = [.. examples.Select(example => example.Topic).Distinct()];
        _words = examples.SelectMany(example => Split(example.Text)).Distinct().Select((word, i) => (word, i))
            .ToDictionary(pair => pair.word, pair => pair.i + 1);
        _embedding = new Embedding(model, "words", Embedding, _words.Count + 1);
        _gru = new Gru(model, "gru", Embedding, Hidden);
        _output = new Linear(model, "output", _topics.Length, Hidden);
    }

    /// <summary>Trains a classifier on the few sentences that come with this program: a second. A real service loads a file (<c>Model.Load</c>).</summary>
    public static BatchModel<Question, Answer> Train()
    {
        using var reader = new StreamReader(typeof(TopicClassifier).Assembly.GetManifestResourceStream("topics.tsv")!);
        (string Topic, string Text)[] examples =
            [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')).Select(parts => (parts[0], parts[1]))];
        var model = new Model(seed: 1);
        var classifier = new TopicClassifier(model, examples);
        var trainer = new Trainer<(string Topic, string Text)>(model, classifier.Loss, new Adam(0.01f)) { OptimizationBatch = 10 };
        for (int epoch = 0; epoch < Epochs; epoch++)
            trainer.Epoch(examples);

        var evaluator = new Evaluator<Question>(model, (g, question) => classifier.Scores(g, question.Text));
        return BatchModel.Of<Question, Answer>(evaluator, classifier.Read, model);
    }

    private static string[] Split(string text) => text.ToLowerInvariant().Split([' ', '.', ',', '!', '?'], StringSplitOptions.RemoveEmptyEntries);

    private Expr Loss(Graph g, (string Topic, string Text) example) => CrossEntropy(Scores(g, example.Text), Array.IndexOf(_topics, example.Topic));

    private Expr Scores(Graph g, string text)
    {
        int[] words = [.. Split(text).Select(word => _words.GetValueOrDefault(word, UnknownWord))];
        if (words.Length == 0)
            words = [UnknownWord];

        return _output.Apply(SliceColumns(_gru.Run(_embedding.Of(g, words), reverse: false), words.Length - 1, 1));
    }

    private Answer Read(Question question, ReadOnlySpan<float> scores)
    {
        float[] probabilities = new float[scores.Length];
        TensorPrimitives.SoftMax(scores, probabilities);
        int best = TensorPrimitives.IndexOfMax<float>(probabilities);
        return new Answer(_topics[best], probabilities[best]);
    }
}
