using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>Norms of single examples' gradients, clipping by them, and the noise scale, on the networks that people train.</summary>
public sealed class ExampleGradientTests
{
    private sealed record Sentence(int[] Words, int Label);

    /// <summary>Embedding, LSTM, and an output layer tied to the embedding: words occur several times, weights are used at every step.</summary>
    private static Func<Graph, Sentence, Expr> TiedLanguageModel(Model model, bool withSharedTransform = false)
    {
        var words = new Embedding(model, "words", 6, 9);
        var lstm = new Lstm(model, "lstm", 6, 6);
        Parameter scale = model.Bias("scale", 6, Initializer.Constant(0.8));
        return (g, sentence) =>
        {
            Expr table = withSharedTransform ? Multiply(Tanh(words.Table), scale) : g.Use(words.Table);
            Expr[] states = lstm.Run([.. sentence.Words.Select(word => Lookup(table, word))]);
            return CrossEntropy(MatMulTransposed(table, states[^1]), sentence.Label) + Sum(Square(states[0]));
        };
    }

    private static Sentence[] Sentences(int count)
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, count).Select(_ => new Sentence([.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => random.Next(9))], random.Next(9)))];
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Norms_are_those_of_single_gradients(bool withSharedTransform)
    {
        using var model = new Model(1, Precision.Double);
        Func<Graph, Sentence, Expr> loss = TiedLanguageModel(model, withSharedTransform);
        var norms = new GradientNorms<Sentence>(model, loss) { ComputeBatch = 7 };
        var trainer = new Trainer<Sentence>(model, loss, new Sgd(0));
        Sentence[] sentences = Sentences(20);
        int seen = 0;
        norms.Run(sentences, (example, squaredNorms) =>
        {
            Assert.Equal(seen++, example);
            trainer.AccumulateGradient([sentences[example]]);
            for (int i = 0; i < model.Parameters.Count; i++)
                Close(trainer.Accumulator.MeanGradient()[model.Parameters[i]].Sum(x => x * x), squaredNorms[i]);
        }, TestContext.Current.CancellationToken);
        Assert.Equal(sentences.Length, seen);
    }

    // The gradient of (W·x)₂ with respect to W is e₂·xᵀ.
    [Fact]
    public void A_loss_may_be_an_element_of_a_row()
    {
        using var small = new SmallModel();
        double[] norms = small.Norms((g, x) => Transpose(small.W * g.Input(x))[1]), withoutWeights = small.Norms((g, x) => Transpose(g.Input(x))[1]);
        Assert.All(norms.Zip(SmallModel.Points), pair => Close(SmallModel.Norm(pair.Second), pair.First));
        Assert.Equal(new double[SmallModel.Points.Length], withoutWeights);
    }

    [Fact]
    public void Of_a_large_network_they_agree_with_256_single_gradients()
    {
        using var model = new Model(1);
        var network = new Mlp(model, "net", 784, 512, 512, 10);
        var random = new Random(1);
        var examples = Enumerable.Range(0, 256).Select(i => (Pixels: Enumerable.Range(0, 784).Select(_ => random.NextSingle()).ToArray(), Label: i % 10)).ToArray();
        Expr Loss(Graph g, (float[] Pixels, int Label) example) => CrossEntropy(network.Apply(g.Input(example.Pixels)), example.Label);
        double[] norms = new GradientNorms<(float[], int)>(model, Loss).Of(examples, TestContext.Current.CancellationToken);
        var trainer = new Trainer<(float[], int)>(model, Loss, new Sgd(0));
        for (int i = 0; i < examples.Length; i++)
        {
            trainer.AccumulateGradient([examples[i]]);
            Close(trainer.Accumulator.First.Norm(), norms[i], 1e-4);
        }
    }

    [Theory, InlineData(0), InlineData(3)]
    public void A_clipped_step_adds_gradients_of_at_most_the_norm_given(int computeBatch)
    {
        using var model = new Model(1, Precision.Double);
        Func<Graph, Sentence, Expr> loss = TiedLanguageModel(model);
        Sentence[] sentences = Sentences(11);
        double[] norms = new GradientNorms<Sentence>(model, loss).Of(sentences, TestContext.Current.CancellationToken);
        double clip = norms.Order().ElementAt(5);
        var single = new Trainer<Sentence>(model, loss, new Sgd(0));
        var clipped = new Trainer<Sentence>(model, loss, new Sgd(0)) { ClipExampleNorm = clip, ComputeBatch = computeBatch };
        clipped.AccumulateGradient(sentences);
        double[][] expected = [.. model.Parameters.Select(parameter => new double[parameter.Shape.Size])];
        for (int e = 0; e < sentences.Length; e++)
        {
            single.AccumulateGradient([sentences[e]]);
            for (int i = 0; i < expected.Length; i++)
            {
                double[] gradient = single.Accumulator.MeanGradient()[model.Parameters[i]];
                for (int k = 0; k < gradient.Length; k++)
                    expected[i][k] += gradient[k] * Math.Min(1, clip / norms[e]) / sentences.Length;
            }
        }

        for (int i = 0; i < expected.Length; i++)
        {
            double[] actual = clipped.Accumulator.MeanGradient()[model.Parameters[i]];
            for (int k = 0; k < actual.Length; k++)
                Close(expected[i][k], actual[k]);
        }
    }

    /// <summary>tr(Σ) and |G|² by their definitions, from the gradient of every example.</summary>
    [Theory, InlineData(0), InlineData(4)]
    public void The_noise_of_a_step_is_the_covariance_of_its_gradients(int computeBatch)
    {
        using var model = new Model(1, Precision.Double);
        Func<Graph, Sentence, Expr> loss = TiedLanguageModel(model);
        Sentence[] sentences = Sentences(10);
        var single = new Trainer<Sentence>(model, loss, new Sgd(0));
        double[][] gradients = [.. sentences.Select(sentence =>
        {
            single.AccumulateGradient([sentence]);
            ModelGradient gradient = single.Accumulator.MeanGradient();
            return model.Parameters.SelectMany(parameter => gradient[parameter]).ToArray();
        })];
        double[] mean = [.. gradients[0].Select((_, k) => gradients.Average(gradient => gradient[k]))];
        double variance = gradients.Sum(gradient => gradient.Zip(mean, (g, m) => (g - m) * (g - m)).Sum()) / (gradients.Length - 1);
        double squaredNorm = mean.Sum(m => m * m) - variance / gradients.Length;

        var noise = new GradientNoiseScale(decay: 0.9);
        new Trainer<Sentence>(model, loss, new Sgd(0)) { NoiseScale = noise, ComputeBatch = computeBatch }.Step(sentences);
        Close(variance, noise.Variance);
        Close(squaredNorm, noise.SquaredGradientNorm);
        Close(Math.Max(0, squaredNorm > 0 ? variance / squaredNorm : double.PositiveInfinity), noise.Value);
    }

    /// <summary>One pass of 4 examples against the step of 12: averaged over many steps of other examples it tells what single examples tell.</summary>
    [Fact]
    public void Passes_of_a_step_tell_the_same_noise_as_single_examples()
    {
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("w", 1, 3);
        var random = new Random(2);
        Expr Loss(Graph g, double[] x) => w * g.Input(x);   // the gradient of an example is the example
        var (fromPasses, fromExamples) = (new GradientNoiseScale(0.9995, fromExamples: false), new GradientNoiseScale(0.9995));
        Trainer<double[]>[] trainers =
        [
            new(model, Loss, new Sgd(0)) { NoiseScale = fromPasses, ComputeBatch = 4 }, new(model, Loss, new Sgd(0)) { NoiseScale = fromExamples },
        ];
        for (int step = 0; step < 4000; step++)
        {
            double[][] examples = [.. Enumerable.Range(0, 12).Select(_ => new double[] { 1 + random.NextDouble(), random.NextDouble(), 2 * random.NextDouble() })];
            foreach (Trainer<double[]> trainer in trainers)
                trainer.Step(examples);
        }

        // Uniform numbers: means 1.5, 0.5, 1; variances 1/12, 1/12, 4/12.
        Close(0.5, fromExamples.Variance, 0.02);
        Close(0.5, fromPasses.Variance, 0.1);
        Close(3.5, fromPasses.SquaredGradientNorm, 0.02);
        Close(0.5 / 3.5, fromPasses.Value, 0.1);
    }

    [Fact]
    public void A_gradient_that_noise_hides_has_an_infinite_scale()
    {
        var noise = new GradientNoiseScale();
        Assert.True(double.IsNaN(noise.Value));
        noise.Add(1, 10, 10, 0.5);
        Assert.Equal(double.PositiveInfinity, noise.Value);
        Assert.Throws<ArgumentOutOfRangeException>(() => noise.Add(10, 1, 10, 1));
        foreach (double norm in new[] { -1, double.NaN, double.PositiveInfinity })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => noise.Add(1, norm, 10, 1));
            Assert.Throws<ArgumentOutOfRangeException>(() => noise.Add(1, 1, 10, norm));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => new GradientNoiseScale(1));
    }

    [Fact]
    public void An_example_that_uses_anothers_values_is_refused()
    {
        using var model = new Model();
        Parameter w = model.Weight("w", 1, 2);
        Expr? first = null;
        Expr Loss(Graph g, int example)
        {
            first ??= g.Input([1.0, example]);
            return w * first.Value;
        }

        var error = Assert.Throws<InvalidOperationException>(() => new GradientNorms<int>(model, Loss).Of([1, 2], TestContext.Current.CancellationToken));
        Assert.StartsWith("Example 1 uses ", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Trainer<int>(model, Loss, new Sgd(0)) { ClipExampleNorm = 0 });
    }

    /// <summary>The same nodes, of which another example has added one.</summary>
    [Fact]
    public void An_example_that_uses_anothers_value_is_refused_also_where_a_plan_is_known()
    {
        using var model = new Model();
        Parameter w = model.Weight("w", 1, 2);
        bool lends = false;
        Expr? lent = null;
        var norms = new GradientNorms<int>(model, Loss);
        Assert.Equal(1, norms.Of([0, 1], TestContext.Current.CancellationToken)[0], 1e-6);

        lends = true;
        var error = Assert.Throws<InvalidOperationException>(() => norms.Of([0, 1], TestContext.Current.CancellationToken));
        Assert.StartsWith("Example 1 uses ", error.Message, StringComparison.Ordinal);

        Expr Loss(Graph g, int example)
        {
            Expr loss = w * (lends && example == 1 ? lent!.Value : g.Input([1.0, example]));
            if (lends && example == 0)
                lent = g.Input([1.0, 1]);

            return loss;
        }
    }

    private static void Close(double expected, double actual, double tolerance = 1e-10) =>
        Assert.True(Math.Abs(expected - actual) <= tolerance * (1e-3 + Math.Abs(expected)) || expected == actual, $"expected {expected:R}, got {actual:R}");

    /// <summary>The sum of all losses reads it too, and is of no example.</summary>
    [Fact]
    public void A_loss_that_is_a_parameter_which_a_function_gave_is_of_its_example()
    {
        using var model = new Model(1, Precision.Double);
        Parameter b = model.Bias("b", 4), s = model.Bias("s", 1);
        var vector = Function.Of("vector", (Expr x) => x.Graph.Use(b));
        var number = Function.Of("number", (Expr x, Expr y) => x.Graph.Use(s));
        var norms = new GradientNorms<int>(model, (g, example) =>
        {
            if (example == 1)
                return (3 * s) + g.Input(1.0);

            Expr x = g.Input([0.5, -0.4, -0.8, 0.5]), given = vector.Call(ConcatenateColumns(b, x)), loss = number.Call(given, x);
            number.Call(given, x);   // once more, for nothing
            return loss;
        });
        Assert.Equal([1.0, 3.0], norms.Of([0, 1], TestContext.Current.CancellationToken));
    }

    /// <summary>At a vertex with an empty place a state may follow from zeros and parameters alone; it is each example's own all the same.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_state_that_follows_from_an_empty_place_is_of_its_example(int computeBatch)
    {
        using var model = new Model(1, Precision.Double);
        Parameter b = model.Bias("b", 1);
        var recurrence = Recurrence.Of("r", (Expr x) => x, (Expr x, Expr left, Expr right) => left + b);
        Expr Loss(Graph g, double x) => Sum(recurrence.Run(g.Input([x, x], new Shape(1, 2)), Dag.OfPlaces(2, [-1, -1, -1, 0]))) * g.Input(10 * x);

        // Of 10·x·(x + b).
        var norms = new GradientNorms<double>(model, Loss) { ComputeBatch = computeBatch };
        Assert.Equal([1.0, 2, 3], norms.Of([0.1, 0.2, 0.3], TestContext.Current.CancellationToken), (left, right) => Math.Abs(left - right) < 1e-12);
        var trainer = new Trainer<double>(model, Loss, new Sgd(1)) { ComputeBatch = computeBatch, ClipExampleNorm = 1.5 };
        Close((1 + 1.5 + 1.5) / 3, trainer.GradientOf([0.1, 0.2, 0.3])[b][0]);
    }

    public static TheoryData<string> Paddings => ["Conv1d", "Unfold", "PadColumns", "residual"];

    /// <summary>A column that begins with zeros of no example is of the example of its other elements.</summary>
    [Theory, MemberData(nameof(Paddings))]
    public void A_column_that_is_zeros_in_part_is_of_its_example(string padding)
    {
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("W", 1, 2);
        model.SetValues(w, [0.3, -0.8]);
        Expr Loss(Graph g, double x)
        {
            Expr s = g.Input([x, -0.3, 0.8], new Shape(1, 3));
            Expr y = Tanh(padding switch
            {
                "Unfold" => MatMul(w, Unfold(ConcatenateColumns(g.Zeros(1), s, g.Zeros(1)), 2)),
                "PadColumns" => Conv1d(w, PadColumns(s, 1, 5)),
                _ => Conv1d(w, s, padding: 1),
            });
            return padding == "residual" ? Sum(y[.., 1] - Tanh(s)[.., 0]) : Sum(y[.., 1]) + Sum(Tanh(s));
        }

        double expected = new Trainer<double>(model, Loss, new Sgd(1)).GradientOf([0.4]).Norm();
        Close(expected, new GradientNorms<double>(model, Loss).Of([0.4], TestContext.Current.CancellationToken)[0]);
        Close(0.01, new Trainer<double>(model, Loss, new Sgd(1)) { ClipExampleNorm = 0.01 }.GradientOf([0.4]).Norm());
    }
}
