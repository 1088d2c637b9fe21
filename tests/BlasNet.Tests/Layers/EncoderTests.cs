using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;
using static BlasNet.Tests.Layers.Weights;

namespace BlasNet.Tests.Layers;

/// <summary>A Transformer's encoder, written for one sentence (Vaswani et al. 2017, section 3.1): over a minibatch all lengths take the launches of one.</summary>
public sealed class EncoderTests
{
    private const int Vocabulary = 9;

    // Words of each sentence; of a single one too, and of equally many.
    private static readonly int[][] Sentences = [[1, 2, 3, 1], [4], [5, 6], [0, 0, 0, 7, 0], [6], [2, 3, 8, 1]];

    [Fact]
    public void Launches_over_sixty_four_sentences_of_forty_lengths_are_those_over_one_and_nothing_is_copied()
    {
        int[] lengths = [.. Enumerable.Range(0, 64).Select(i => 1 + (i * 7 % 40))];
        var (one, _) = CostOf(Forward, [17]);
        var (all, copied) = CostOf(Forward, lengths);
        TestContext.Current.TestOutputHelper!.WriteLine($"{one} launches over one sentence, {all} over 64 of {lengths.Distinct().Count()} lengths; {copied} bytes copied");
        Assert.InRange(all, 1, 1.1 * one);
        Assert.Equal(0, copied);
    }

    [Fact]
    public void Softmax_and_layer_normalization_over_sixty_four_lengths_launch_as_over_one_length()
    {
        foreach (Func<LayerNormalization, Expr, Expr> function in (Func<LayerNormalization, Expr, Expr>[])[(_, x) => Softmax(x), (norm, x) => norm.Apply(x)])
        {
            Assert.Equal(Cost([.. Enumerable.Repeat(17, 64)]), Cost([.. Enumerable.Range(1, 64)]));

            (int Launches, long CopiedBytes) Cost(int[] lengths) => CostOf(
                model =>
                {
                    var norm = new LayerNormalization(model, "norm", 4);
                    return (g, length) => function(norm, g.Input(new double[4 * length], new Shape(4, length)));
                },
                lengths);
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Sentences_of_any_lengths_are_encoded_as_one_by_one(int heads) => NetworkAssert.EqualsOneByOne(
        model =>
        {
            var (words, encoder) = (new Embedding(model, "words", 6, Vocabulary), new Encoder(model, layers: 2, size: 6, heads));
            return (g, i) => Tanh(encoder.Apply(words.Of(g, Sentences[i])));
        },
        Sentences.Length);

    [Fact]
    public void An_encoder_is_its_formula() => NetworkAssert.EqualsFormula(
        model =>
        {
            var (words, encoder) = (new Embedding(model, "words", 4, Vocabulary), new Encoder(model, layers: 1, size: 4, heads: 2));
            return (g, i) => encoder.Apply(words.Of(g, Sentences[i]));
        },
        (w, i) => [.. Formula(w, [.. Sentences[i].Select(word => w.Column("words.E", word, 4))]).SelectMany(x => x)],
        examples: 3);

    // Six layers of twelve heads.
    private static Func<Graph, int, Expr> Forward(Model model)
    {
        var encoder = new Encoder(model, layers: 6, size: 24, heads: 12);
        return (g, length) => encoder.Apply(g.Input([.. Enumerable.Range(0, 24 * length).Select(i => Math.Sin(i * i))], new Shape(24, length)));
    }

    private static (int Launches, long CopiedBytes) CostOf(Architecture architecture, int[] lengths)
    {
        using var model = new Model(1, Precision.Double);
        Func<Graph, int, Expr> function = architecture(model);
        using var engine = new Engine<double>(model.Store<double>(), new ComputeOptions { Verify = true });
        Graph graph = model.NewGraph();
        Expr[] values = new Expr[lengths.Length];
        for (int i = 0; i < lengths.Length; i++)
        {
            graph.BeginExample(i);
            values[i] = function(graph, lengths[i]);
        }

        engine.Prepare(graph, values);
        return (engine.Plan.StepCount, engine.Plan.CopiedBytes);
    }

    private static double[][] Formula(Weights w, double[][] x)
    {
        double[][] q = Times("Q"), k = Times("K"), v = Times("V");
        return [.. x.Select((column, t) =>
        {
            double[] heads = [.. Head(0), .. Head(2)];
            double[] attended = Norm("1.attended", Add(column, w.Linear("1.attention.output.W", heads, "1.attention.output.b")));
            double[] hidden = Array.ConvertAll(w.Linear("1.up.W", attended, "1.up.b"), element => Math.Max(0, element));
            return Norm("1.fed", Add(attended, w.Linear("1.down.W", hidden, "1.down.b")));

            double[] Head(int row) => Formulas.Attention(q[t][row..(row + 2)], Rows(k, row), Rows(v, row));
        })];

        double[][] Times(string weight) => [.. x.Select(column => w.Linear($"1.attention.{weight}", column, $"1.attention.b{weight}"))];

        double[][] Rows(double[][] columns, int row) => [.. columns.Select(column => column[row..(row + 2)])];

        double[] Norm(string name, double[] column) => Formulas.LayerNormalization(column, w[$"{name}.g"], w[$"{name}.b"], 1e-5);
    }

    private sealed class Encoder(Model model, int layers, int size, int heads)
    {
        private readonly TransformerLayer[] _layers =
            [.. Enumerable.Range(1, layers).Select(number => new TransformerLayer(model, $"{number}", size, 2 * size, heads, Relu))];

        public Expr Apply(Expr x) => _layers.Aggregate(x, (value, layer) => layer.Apply(value));
    }
}
