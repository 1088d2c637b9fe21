using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Memory;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>A table that is only looked up: gradient and update cost the columns that examples have, and are those of a dense gradient.</summary>
public sealed class SparseGradientTests
{
    private const int Rows = 3, Words = 200;

    /// <summary>Words, with repetitions, and whether the example's loss multiplies with the table as well.</summary>
    public sealed record Sentence(int[] Words, bool IsTied = false);

    private static readonly Sentence[] Sentences = [new([3, 150, 3]), new([63, 64]), new([150]), new([199, 0, 5, 5, 5]), new([7])];

    public static TheoryData<bool, bool, int> Ways => new MatrixTheoryData<bool, bool, int>([true, false], [true, false], [0, 1, 2]);

    [Theory, MemberData(nameof(Ways))]
    public void The_gradient_is_that_of_a_table_used_densely(bool batching, bool differentiateFirst, int computeBatch)
    {
        var options = new ComputeOptions { Batching = batching, DifferentiateFirst = differentiateFirst, Verify = true };
        using var sparse = new Network<double>(computeBatch, options);
        using var dense = new Network<double>(computeBatch, options) { TiesEverything = true };
        for (int step = 0; step < 3; step++)
        {
            Sentence[] sentences = Sentences[step..];
            sparse.Trainer.AccumulateGradient(sentences);
            dense.Trainer.AccumulateGradient(sentences);

            Assert.Equal(sentences.SelectMany(sentence => sentence.Words).Distinct().Order(), sparse.TouchedWords());
            Assert.Equal(Enumerable.Range(0, Words), dense.TouchedWords());
            AssertClose(dense.Gradient(), sparse.Gradient());
        }
    }

    [Fact]
    public void A_parameter_that_a_step_does_not_use_is_not_updated_by_the_gradient_of_the_step_before()
    {
        using var model = new Model(1, Precision.Double);
        Parameter a = model.Bias("a", 1), b = model.Bias("b", 1);
        var trainer = new Trainer<double>(model, (g, x) => (x > 0 ? a : b) * g.Input(x), new Sgd(1));
        double expectedA = 0, expectedB = 0;
        foreach (double x in new[] { 2, -3, 5, -7, -1, 4 })
        {
            trainer.Step([x]);
            (expectedA, expectedB) = x > 0 ? (expectedA - x, expectedB) : (expectedA, expectedB - x);
            Assert.Equal((expectedA, expectedB), (model.ValuesOf(a)[0], model.ValuesOf(b)[0]));
        }
    }

    /// <summary>Sparse and dense passes in one step, and sparse and dense steps after each other: nothing of an earlier one is left.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(0)]
    public void A_table_may_be_tied_in_some_examples_and_not_in_others(int computeBatch)
    {
        using var some = new Network<double>(computeBatch, new ComputeOptions { Verify = true });
        using var reference = new Network<double>(computeBatch: 0, new ComputeOptions { Batching = false });
        Sentence tied = new([9, 10], IsTied: true);
        Sentence[][] steps = [[.. Sentences], [.. Sentences, tied], [tied, .. Sentences], [.. Sentences[2..]], [tied], [Sentences[1]]];
        foreach (Sentence[] step in steps)
        {
            some.Trainer.AccumulateGradient(step);
            reference.Trainer.AccumulateGradient(step);
            AssertClose(reference.Gradient(), some.Gradient());
            Assert.Equal(step.Contains(tied) ? Enumerable.Range(0, Words) : step.SelectMany(sentence => sentence.Words).Distinct().Order(), some.TouchedWords());
        }
    }

    [Fact]
    public void Words_that_no_example_has_stand_still_with_their_state()
    {
        using var network = new Network<float>(computeBatch: 0);
        double[] first = network.Table();
        network.Trainer.Step([new([3])]);
        double[] second = network.Table();
        network.Trainer.Step([new([8, 150])]);
        double[] third = network.Table();

        Assert.Equal([3], Changed(first, second));
        Assert.Equal([8, 150], Changed(second, third));
    }

    /// <summary>Where every step has every word, the sparse optimizer is the dense one.</summary>
    [Fact]
    public void Words_that_every_step_has_follow_the_dense_optimizer()
    {
        var options = new ComputeOptions { Verify = true };
        using var sparse = new Network<double>(computeBatch: 2, options);
        using var dense = new Network<double>(computeBatch: 2, options) { TiesEverything = true };
        for (int step = 0; step < 5; step++)
        {
            sparse.Trainer.Step(Sentences);
            dense.Trainer.Step(Sentences);
        }

        AssertClose(dense.Table(), sparse.Table());
    }

    [Fact]
    public void The_same_steps_give_the_same_bits()
    {
        double[][] tables = [.. Enumerable.Range(0, 2).Select(_ =>
        {
            using var network = new Network<float>(computeBatch: 2);
            for (int step = 0; step < 4; step++)
                network.Trainer.Step(Sentences);

            return network.Table();
        })];
        Assert.Equal(tables[0], tables[1]);
    }

    [Fact]
    public void A_step_seen_before_allocates_nothing()
    {
        using var network = new Network<float>(computeBatch: 0);
        for (int step = 0; step < 3; step++)
            network.Trainer.Step(Sentences);

        Allocations.AssertNone(() => network.Trainer.Step(Sentences));
    }

    [Fact]
    public void Touched_columns_come_in_ascending_order_neighbours_together()
    {
        var touched = new TouchedColumns(columns: 130);
        touched.Add<float>([129, 5, 63, 64, 5, 0]);
        var segments = new List<Segment>();
        touched.AppendTo(segments, offset: 1000, rows: 4);

        Assert.Equal([new Segment(1000, 4), new Segment(1020, 4), new Segment(1000 + 63 * 4, 8), new Segment(1000 + 129 * 4, 4)], segments);
        touched.Clear();
        Assert.True(touched.IsEmpty);
    }

    private static int[] Changed(double[] before, double[] after) =>
        [.. Enumerable.Range(0, Words).Where(word => !before.AsSpan(word * Rows, Rows).SequenceEqual(after.AsSpan(word * Rows, Rows)))];

    private static void AssertClose(double[] expected, double[] actual) =>
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-13));

    /// <summary>Two lookups in each term, and a product with the table where an example is tied.</summary>
    private sealed class Network<T> : IDisposable where T : unmanaged
    {
        private readonly Model _model = new(3, typeof(T) == typeof(float) ? Precision.Single : Precision.Double);
        private readonly Parameter _table, _w;

        public Network(int computeBatch, ComputeOptions? options = null)
        {
            (_table, _w) = (_model.Weight("E", Rows, Words), _model.Weight("W", Rows, Rows));
            Trainer = new Trainer<Sentence>(_model, Loss, new Adam(0.01), options ?? new ComputeOptions()) { ComputeBatch = computeBatch };
        }

        /// <summary>Uses the whole table in every example, to no effect.</summary>
        public bool TiesEverything { get; init; }

        public Trainer<Sentence> Trainer { get; }

        public double[] Table() => _model.ValuesOf(_table);

        public double[] Gradient() => Trainer.Accumulator.MeanGradient()[_table];

        public int[] TouchedWords() =>
        [
            .. Enumerable.Range(0, Words).Where(word => Trainer.Accumulator.Touched().ToArray().Any(segment =>
                segment.Start <= _table.Offset + word * Rows && segment.End >= _table.Offset + (word + 1) * Rows)),
        ];

        public void Dispose() => _model.Dispose();

        private Expr Loss(Graph g, Sentence sentence)
        {
            Expr state = Lookup(g.Use(_table), sentence.Words[0]);
            for (int i = 1; i < sentence.Words.Length; i++)
                state = Tanh(_w * state + Lookup(g.Use(_table), sentence.Words[i]));

            Expr loss = CrossEntropy(state, sentence.Words[0] % Rows);   // its index lies between those of words
            if (sentence.IsTied)
                loss += Sum(Square(MatMulTransposed(_table, state)));

            return TiesEverything ? loss + 0 * Sum(g.Use(_table)) : loss;
        }
    }
}
