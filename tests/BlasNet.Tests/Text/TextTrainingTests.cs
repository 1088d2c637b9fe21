using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Tests.Layers;
using BlasNet.Text;
using BlasNet.Training;

namespace BlasNet.Tests.Text;

/// <summary>Encoders within losses of their users: values and gradients against formulas in float64 and their differences.</summary>
public sealed class TextTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SmallEncoder _small = new("bert");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public TextTrainingTests() => _small.Write(_folder);

    // The parameter, the tensor it comes from, and whether the file has its columns as rows.
    public static TheoryData<string, string, bool> Weights => new()
    {
        { "embeddings.words.E", "embeddings.word_embeddings.weight", false },
        { "embeddings.norm.b", "embeddings.LayerNorm.bias", false },
        { "layers.0.attention.bQ", "encoder.layer.0.attention.self.query.bias", false },
        { "layers.0.attention.V", "encoder.layer.0.attention.self.value.weight", true },
        { "layers.1.attended.g", "encoder.layer.1.attention.output.LayerNorm.weight", false },
        { "layers.1.up.W", "encoder.layer.1.intermediate.dense.weight", true },
    };

    [Theory, MemberData(nameof(Weights))]
    public void The_gradient_of_a_loss_of_texts_is_the_slope_of_its_formula(string parameter, string tensor, bool isTransposed)
    {
        using TextEncoder encoder = TextEncoder.LoadDouble(_folder.Path);
        Parameter weight = encoder.Model[parameter];
        ModelGradient gradient = encoder.Model.GradientOf(graph => TextLosses.MultipleNegatives(
            [encoder.Vector(graph, "w4 w5"), encoder.Vector(graph, "w9")], [encoder.Vector(graph, "w6 w7 w8"), encoder.Vector(graph, "w10 w4")], scale: 3));
        int[][] queries = [[2, 4, 5, 3], [2, 9, 3]], passages = [[2, 6, 7, 8, 3], [2, 10, 4, 3]];
        Assert.Equal(Loss(), gradient.Value, 1e-10);

        double[] values = _small.Tensors[tensor].Values, slopes = gradient[weight];
        (int rows, int columns) = (weight.Shape.Rows, weight.Shape.Columns);
        for (int i = 0; i < values.Length; i += 1 + values.Length / 40)
        {
            const double Step = 1e-5;
            double value = values[i];
            values[i] = value + Step;
            double above = Loss();
            values[i] = value - Step;
            double below = Loss();
            values[i] = value;
            Assert.Equal((above - below) / (2 * Step), slopes[isTransposed ? i % columns * rows + i / columns : i], 1e-7);
        }

        double Loss() => MultipleNegatives([.. queries.Select(Mean)], [.. passages.Select(Mean)], 3);
    }

    [Fact]
    public void Losses_are_their_formulas()
    {
        double[][] a = [[1, 2, -1], [0.5, 0, 3]], b = [[2, 0, 1], [-1, 1, 1], [0.1, 0.2, 0.3]];
        using var model = new Model(0, Precision.Double);
        model.Bias("unused", 1);
        Value(Cosine(a[0], b[1]), (a, b) => TextLosses.Cosine(a[0], b[1]));
        Value(Math.Pow(Cosine(a[1], b[0]) - 0.3, 2), (a, b) => TextLosses.CosineError(a[1], b[0], 0.3));
        Value(MultipleNegatives(a, b, 20), (a, b) => TextLosses.MultipleNegatives(a, b));
        Value(MultipleNegatives(a[..1], b[..1], 20), (a, b) => TextLosses.MultipleNegatives(a.AsSpan(..1), b.AsSpan(..1)));
        Assert.Throws<ArgumentException>(() => model.GradientOf(graph => TextLosses.MultipleNegatives([], [])));
        Assert.Throws<ArgumentException>(() => Value(0, (a, b) => TextLosses.MultipleNegatives(b, a)));

        void Value(double expected, Func<Expr[], Expr[], Expr> loss) => Assert.Equal(
            expected, model.GradientOf(graph => loss(Inputs(graph, a), Inputs(graph, b))).Value, 1e-12);

        static Expr[] Inputs(Graph graph, double[][] vectors) => Array.ConvertAll(vectors, vector => graph.Input(vector, new Shape(vector.Length)));
    }

    [Theory, InlineData(Pooling.Mean, true), InlineData(Pooling.First, false), InlineData(Pooling.Max, true)]
    public void The_vector_in_a_graph_is_the_vector_that_is_embedded(Pooling pooling, bool normalize)
    {
        using TextEncoder encoder = TextEncoder.Load(_folder.Path, new() { Pooling = pooling, Normalize = normalize, MaximumTokens = 7, Dropout = true });
        string[] texts = ["w4", "w5 w6 w7 w8 w9 w10 w11 w12", ""];
        new Evaluator<string>(encoder.Model, encoder.Vector).Run(texts, (i, value) =>
        {
            foreach ((float expected, float found) in encoder.Embed(texts[i]).Zip(value.ToArray()))
                Assert.Equal(expected, found, 1e-5f);
        }, Cancellation);
    }

    [Fact]
    public void A_layer_of_ones_own_is_trained_together_with_the_upper_layers_alone()
    {
        using TextEncoder encoder = TextEncoder.Load(_folder.Path);
        var own = new BlasNet.Layers.Linear(encoder.Model, "own", 2, SmallEncoder.Size);
        (string Text, int Class)[] examples = [.. Enumerable.Range(6, 6).Select(word => ($"w{word} w5", word % 2))];
        var trainer = new Trainer<(string Text, int Class)>(
            encoder.Model, (graph, example) => Op.CrossEntropy(own.Apply(encoder.Vector(graph, example.Text)), example.Class), new Adam(0.003))
        {
            Groups = [ParameterGroup.Frozen(encoder.LowerParameters(1))],
        };
        Dictionary<Parameter, double[]> before = encoder.Model.Parameters.ToDictionary(parameter => parameter, encoder.Model.ValuesOf);
        double first = trainer.Epoch(examples, cancellation: Cancellation), last = first;
        for (int epoch = 0; epoch < 150; epoch++)
            last = trainer.Epoch(examples, cancellation: Cancellation);

        Assert.InRange(last, 0, 0.2 * first);
        Parameter[] same = [.. before.Where(pair => pair.Value.SequenceEqual(encoder.Model.ValuesOf(pair.Key))).Select(pair => pair.Key)];
        Assert.Equal(encoder.Parameters.Where(parameter => parameter.Name.StartsWith("embeddings.") || parameter.Name.StartsWith("layers.0.")), same);
        Assert.Equal(encoder.Parameters, encoder.LowerParameters(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.LowerParameters(3).Count());
    }

    [Fact]
    public void Training_drops_at_the_rates_of_the_configuration_where_that_is_asked_for()
    {
        var configuration = _small.Configuration();
        (configuration["hidden_dropout_prob"], configuration["attention_probs_dropout_prob"]) = (0.5, 0);
        _folder.Write("config.json", configuration.ToJsonString());
        Assert.Equal(5, DropsOf(drop: true));    // the embeddings, and twice in each of two layers
        Assert.Equal(0, DropsOf(drop: false));
        configuration["attention_probs_dropout_prob"] = 0.25;
        _folder.Write("config.json", configuration.ToJsonString());
        Assert.Equal(7, DropsOf(drop: true));

        int DropsOf(bool drop)
        {
            using TextEncoder encoder = TextEncoder.Load(_folder.Path, new() { Dropout = drop });
            Graph graph = encoder.Model.NewGraph();
            graph.IsTraining = true;
            encoder.Vector(graph, "w4 w5");
            string[] operators = [.. Enumerable.Range(0, graph.Count).Select(node => graph.OperatorOf(node).Name)];
            return operators.Count(name => name == "dropout");
        }
    }

    [Fact]
    public void The_second_text_of_a_pair_is_of_the_second_type_and_the_longer_one_is_cut_first()
    {
        using TextEncoder encoder = TextEncoder.LoadDouble(_folder.Path, new() { MaximumTokens = 8 });
        new Evaluator<TextInput>(encoder.Model, encoder.Encode).RunDouble([new TextInput("w4", "w5 w6 w7 w8 w9 w10")], (_, value) =>
            NetworkAssert.Close([.. _small.Encode([2, 4, 3, 5, 6, 7, 8, 3], second: 3).SelectMany(vector => vector)], value, 1e-11, "vectors"),
            Cancellation);
        Assert.Throws<ArgumentException>(() => encoder.Encode(encoder.Model.NewGraph(), default(TextInput)));
    }

    public void Dispose() => _folder.Dispose();

    private double[] Mean(int[] tokens)
    {
        double[][] vectors = _small.Encode(tokens);
        return [.. Enumerable.Range(0, SmallEncoder.Size).Select(i => vectors.Average(vector => vector[i]))];
    }

    private static double MultipleNegatives(double[][] queries, double[][] passages, double scale) => queries.Select((query, i) =>
    {
        double[] scores = [.. passages.Select(passage => scale * Cosine(query, passage))];
        return Math.Log(scores.Sum(Math.Exp)) - scores[i];
    }).Average();

    private static double Cosine(double[] a, double[] b) => Dot(a, b) / (Math.Sqrt(Dot(a, a)) * Math.Sqrt(Dot(b, b)));

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
