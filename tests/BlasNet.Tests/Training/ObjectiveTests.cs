using System.Numerics;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>L(θ) = (1/Σw)·Σ w·ℓ + J(θ), however its examples are spread over passes.</summary>
public sealed class ObjectiveTests
{
    /// <summary>A sequence of words with what it should come to, and its weight.</summary>
    private sealed record Example(int[] Words, int Label, double Weight);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 40)];

    /// <summary>The reference differentiates the whole objective as one expression of one graph, divisions, weights, regulariser and all.</summary>
    [Theory, MemberData(nameof(Seeds))]
    public void Any_partition_gives_the_gradient_of_the_objective_in_double(int seed) => AssertPartitionsAgree<double>(seed, 1e-12);

    [Theory, MemberData(nameof(Seeds))]
    public void Any_partition_gives_the_same_gradient_in_float(int seed) => AssertPartitionsAgree<float>(seed, 1e-6);

    [Theory, MemberData(nameof(Seeds))]
    public void The_same_partition_gives_the_same_bits(int seed)
    {
        using var first = new Problem<float>(seed);
        using var second = new Problem<float>(seed);
        for (int step = 0; step < 3; step++)
        {
            first.Trainer.Step(first.Examples);
            second.Trainer.Step(second.Examples);
        }

        Assert.Equal(first.Parameters(), second.Parameters());
    }

    [Theory, MemberData(nameof(Seeds))]
    public void The_optimizer_step_does_not_depend_on_the_partition_and_counts_once(int seed)
    {
        using var whole = new Problem<double>(seed);
        using var split = new Problem<double>(seed);
        whole.Trainer.ComputeBatch = 0;
        split.Trainer.ComputeBatch = 1 + seed % 5;
        for (int step = 0; step < 3; step++)
        {
            double expected = whole.Trainer.Step(whole.Examples), given = split.Trainer.Step(split.Examples);
            Assert.Equal(expected, given, 1e-12);
            Assert.Equal(whole.Trainer.LastStep.Penalty, split.Trainer.LastStep.Penalty, 1e-12);
            Assert.Equal((whole.Examples.Length + split.Trainer.ComputeBatch - 1) / split.Trainer.ComputeBatch, split.Trainer.LastStep.Passes);
        }

        Assert.Equal((3, 3), (whole.Trainer.LastStep.Step, split.Trainer.LastStep.Step));
        AssertClose(whole.Parameters(), split.Parameters(), 1e-10);
    }

    [Fact]
    public void The_parts_of_the_objective_are_told()
    {
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("w", 1, 2);
        model.SetValues(w, [3, -4]);
        var trainer = new Trainer<double>(model, (g, x) => Square(w * g.Input([1, x])), new Sgd(0)) { Weight = x => x, Regularizer = Regularizer.L2(0.1, w) };

        double loss = trainer.Step([1.0, 3.0]);   // (1·(3 − 4)² + 3·(3 − 12)²)/4, and 0.1·(9 + 16)/2
        Assert.Equal((1.0 + 3 * 81) / 4, loss, 1e-12);
        TrainingStep step = trainer.LastStep;
        Assert.Equal((1, 2, 4.0, 1, 0.0), (step.Step, step.Examples, step.Weight, step.Passes, step.LearningRate));
        Assert.Equal((loss, 1.25, loss + 1.25), (step.Loss, step.Penalty, step.Objective));
    }

    [Fact]
    public void An_example_of_weight_2_counts_as_if_it_came_twice()
    {
        double[] Gradient(Func<double, double>? weight, params double[] examples)
        {
            using var model = new Model(1, Precision.Double);
            Parameter w = model.Weight("w", 3, 2);
            var trainer = new Trainer<double>(model, (g, x) => Sum(Square(Tanh(w * g.Input([1, x])))), new Sgd(0.1)) { Weight = weight };
            trainer.AccumulateGradient(examples);
            return trainer.Accumulator.MeanGradient()[w];
        }

        AssertClose(Gradient(null, 0.5, 0.7, 0.7), Gradient(x => x == 0.7 ? 2 : 1, 0.5, 0.7), 1e-13);
        AssertClose(Gradient(null, 0.5), Gradient(x => x == 0.7 ? 0 : 5, 0.5, 0.7), 1e-13);
    }

    [Theory, InlineData(1, "L1"), InlineData(3, "L2")]
    public void Ready_made_regularisers_follow_their_formulas(int computeBatch, string kind)
    {
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("w", 1, 4), b = model.Bias("b", 1);
        double[] values = [0.5, -2, 0, 1.5];
        model.SetValues(w, values);
        Func<Graph, Expr> regularizer = kind == "L1" ? Regularizer.L1(0.3, w) : Regularizer.L2(0.3, [w]);
        var trainer = new Trainer<int>(model, (g, _) => Square(g.Use(b)), new Sgd(1)) { Regularizer = regularizer, ComputeBatch = computeBatch };
        trainer.Step([1, 2, 3]);

        Assert.Equal(0.3 * values.Sum(x => kind == "L1" ? Math.Abs(x) : x * x / 2), trainer.LastStep.Penalty, 1e-14);
        AssertClose([.. values.Select(x => x - 0.3 * (kind == "L1" ? Math.Sign(x) : x))], model.ValuesOf(w), 1e-14);
    }

    [Theory, InlineData(0.5), InlineData(1e6)]
    public void The_gradient_is_scaled_down_to_the_norm_given(double bound)
    {
        using var free = new Problem<double>(seed: 5, new Sgd(0.1));
        using var clipped = new Problem<double>(seed: 5, new Sgd(0.1) { ClipNorm = bound });
        double[] before = free.Parameters();
        free.Trainer.Step(free.Examples);
        clipped.Trainer.Step(clipped.Examples);

        double[] step = [.. before.Zip(free.Parameters(), (from, to) => (from - to) / 0.1)];
        double norm = Math.Sqrt(step.Sum(x => x * x));
        Assert.Equal(norm, clipped.Trainer.LastStep.GradientNorm, 1e-10);
        AssertClose([.. before.Zip(step, (from, slope) => from - 0.1 * slope * Math.Min(1, bound / norm))], clipped.Parameters(), 1e-12);
        Assert.Equal(double.NaN, free.Trainer.LastStep.GradientNorm);
    }

    /// <summary>Averages count iterations, for words that few steps have, too.</summary>
    [Theory, InlineData(1, 0), InlineData(4, 3)]
    public void The_average_is_that_of_the_parameters_after_each_step(int from, int computeBatch)
    {
        using var problem = new Problem<double>(seed: 7, new Adam(0.05) { AverageFrom = from });
        problem.Trainer.ComputeBatch = computeBatch;
        List<double[]> after = [];
        for (int step = 1; step <= 9; step++)
        {
            problem.Trainer.Step(step % 3 == 0 ? problem.Examples.AsSpan(0, 4) : problem.Examples.AsSpan(2 + step % 2, 1));
            after.Add(problem.Parameters());
            Assert.Equal(step >= from, TryAverage(problem.Trainer, problem.Parameters) is { } average && IsClose(Mean(after[(from - 1)..]), average));
        }

        Assert.Equal(after[^1], problem.Parameters());   // put back to the bit

        static double[] Mean(List<double[]> rows) => [.. Enumerable.Range(0, rows[0].Length).Select(i => rows.Average(row => row[i]))];
        static bool IsClose(double[] expected, double[] given) => expected.Zip(given).All(pair => Math.Abs(pair.First - pair.Second) < 1e-12);
    }

    [Fact]
    public void There_is_no_average_unless_it_was_asked_for()
    {
        using var problem = new Problem<double>(seed: 7);
        problem.Trainer.Step(problem.Examples);
        Assert.Contains("AverageFrom", Assert.Throws<InvalidOperationException>(problem.Trainer.UseAverage).Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(-1.0), InlineData(double.NaN), InlineData(0.0)]
    public void Weights_that_make_no_mean_are_refused_before_anything_changes(double weight)
    {
        using var problem = new Problem<float>(seed: 1);
        double[] before = problem.Parameters();
        problem.Trainer.Weight = _ => weight;

        Assert.Contains("weight", Assert.Throws<InvalidOperationException>(() => problem.Trainer.Step(problem.Examples)).Message, StringComparison.Ordinal);
        Assert.Equal(before, problem.Parameters());
        Assert.Equal(0, problem.Trainer.StepCount);
    }

    [Fact]
    public void A_regulariser_that_is_no_scalar_is_refused()
    {
        using var problem = new Problem<float>(seed: 1);
        problem.Trainer.Regularizer = g => g.Use(problem.Model["W"]);

        Assert.Throws<ShapeException>(() => problem.Trainer.Step(problem.Examples));
    }

    private static double[]? TryAverage(Trainer<Example> trainer, Func<double[]> parameters)
    {
        try
        {
            using (trainer.UseAverage())
                return parameters();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static void AssertPartitionsAgree<T>(int seed, double tolerance) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var problem = new Problem<T>(seed);
        double[][] expected = problem.GradientOfOneExpression();
        var random = new Random(seed);
        for (int partition = 0; partition < 4; partition++)
        {
            double[][] given = problem.GradientOver(RandomPartition(random, problem.Examples.Length));
            double scale = expected.Max(gradient => gradient.Max(Math.Abs));
            for (int i = 0; i < expected.Length; i++)
                AssertClose(expected[i], given[i], tolerance * scale);
        }
    }

    private static List<int> RandomPartition(Random random, int count)
    {
        List<int> sizes = [];
        for (int left = count, size; left > 0; left -= size)
            sizes.Add(size = random.Next(1, left + 1));

        return sizes;
    }

    private static void AssertClose(double[] expected, double[] given, double tolerance)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], given[i], tolerance);
    }

    /// <summary>A recurrent classifier of random size, with random examples, weights and regulariser.</summary>
    private sealed class Problem<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly Parameter _e, _w, _u, _b;
        private readonly int _classes;

        public Problem(int seed, Optimizer? optimizer = null)
        {
            var random = new Random(seed);
            int state = random.Next(2, 9), words = random.Next(3, 30);
            _classes = random.Next(2, 6);
            Model = new Model(seed, typeof(T) == typeof(float) ? Precision.Single : Precision.Double);
            (_e, _w, _u, _b) = (Model.Weight("E", state, words), Model.Weight("W", state, state), Model.Weight("U", _classes, state), Model.Bias("b", _classes));
            Examples = [.. Enumerable.Range(0, random.Next(4, 20)).Select(i => new Example(
                [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => random.Next(words))], random.Next(_classes), i == 1 ? 0 : 3 * random.NextDouble()))];
            Trainer = new Trainer<Example>(Model, Loss, optimizer ?? new Adam(0.01), new ComputeOptions { Verify = true, Batching = seed % 3 > 0 })
            {
                Weight = seed % 4 == 0 ? null : example => example.Weight,
                ComputeBatch = 1 + seed % 7,
                Regularizer = (seed % 5) switch
                {
                    0 => null,
                    1 => Regularizer.L1(0.01, _w, _u),
                    2 => Regularizer.L2(0.1, Model.Parameters),
                    3 => g => 0.2 * Sum(Square(Tanh(g.Use(_w)))) + Sum(Square(Lookup(g.Use(_e), 1))),
                    _ => Regularizer.L2(0.1, _e),
                },
            };
        }

        public Model Model { get; }

        public Example[] Examples { get; }

        public Trainer<Example> Trainer { get; }

        public double[] Parameters() => [.. Model.Parameters.SelectMany(Model.ValuesOf)];

        public double[][] GradientOfOneExpression()
        {
            Graph graph = Model.NewGraph();
            Func<Example, double> weight = Trainer.Weight ?? (_ => 1);
            Expr loss = Scale(Total([.. Examples.Select(example => Scale(Loss(graph, example), weight(example)))]), 1 / Examples.Sum(weight));
            if (Trainer.Regularizer is { } regularizer)
                loss += regularizer(graph);

            using var engine = new Engine<T>(Model.Store<T>(), new ComputeOptions { Batching = false });
            using var gradient = new GradientBuffer<T>(Model.Store<T>().Length, Model.Parameters);
            engine.Prepare(graph, [], loss, [.. Model.Parameters]);
            engine.Execute(gradient);
            return [.. Model.Parameters.Select(parameter => gradient.SpanOf(parameter).ToArray().Select(double.CreateTruncating).ToArray())];
        }

        public double[][] GradientOver(IEnumerable<int> passes)
        {
            Trainer.AccumulateGradient(Examples, passes);
            ModelGradient gradient = Trainer.Accumulator.MeanGradient();
            return [.. Model.Parameters.Select(parameter => gradient[parameter])];
        }

        public void Dispose() => Model.Dispose();

        private Expr Loss(Graph g, Example example)
        {
            Expr state = Lookup(g.Use(_e), example.Words[0]);
            foreach (int word in example.Words.Skip(1))
                state = Tanh(_w * state + Lookup(g.Use(_e), word));

            return CrossEntropy(_u * state + _b, example.Label);
        }
    }
}
