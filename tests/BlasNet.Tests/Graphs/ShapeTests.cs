using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Passes;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Graphs;

/// <summary>A shape is checked where it is made.</summary>
public sealed class ShapeTests
{
    [Theory]
    [InlineData(-3, -3, "shape: there must be at least one row and one column, but it is [-3 × -3].")]
    [InlineData(0, 1, "shape: there must be at least one row and one column, but it is [0].")]
    [InlineData(2, 0, "shape: there must be at least one row and one column, but it is [2 × 0].")]
    [InlineData(int.MinValue, int.MinValue, null)]
    [InlineData(65536, 65536, "shape: [65536 × 65536] has 4294967296 elements; a value has at most 2147483647.")]
    [InlineData(int.MaxValue, int.MaxValue, null)]
    [InlineData(2, 1 << 30, null)]
    public void A_shape_needs_rows_and_columns_and_no_more_elements_than_an_index_reaches(int rows, int columns, string? message)
    {
        var error = Assert.Throws<ShapeException>(() => new Shape(rows, columns));
        Assert.Equal(message ?? error.Message, error.Message);
    }

    [Fact]
    public void The_largest_shape_is_one() => Assert.Equal(int.MaxValue, new Shape(int.MaxValue).Size);

    [Fact]
    public void What_is_too_large_together_is_refused_before_memory_is_touched()
    {
        var graph = new Graph(Precision.Single);
        Expr x = graph.Input(new float[1 << 20]).Named("x");
        Expr[] parts = [.. Enumerable.Repeat(x, 4097)];

        Refused("concatenate: [4296015872] has 4296015872 elements; a value has at most 2147483647. Inputs: x [1048576], ", () => Concatenate(parts));
        Refused("concatenate-columns: [1048576 × 4097] has ", () => ConcatenateColumns(parts));
        Refused("outer-product: [1048576 × 1048576] has ", () => OuterProduct(x, x));
        Refused("matmul: [1048576 × 1048576] has ", () => MatMul(x, Transpose(x)));

        static void Refused(string start, Func<object> make) =>
            Assert.StartsWith(start, Assert.Throws<ShapeException>(make).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_empty_shape_is_refused_by_the_operator_that_is_given_it()
    {
        var graph = new Graph(Precision.Double);
        Expr x = graph.Input([1.0, 2.0]).Named("x");

        const string Rule = "there must be at least one row and one column, but it is [0 × 0].";
        Assert.Equal($"expand: {Rule} Inputs: x [2].", Assert.Throws<ShapeException>(() => ExpandTo(default, x)).Message);
        Assert.Equal($"reshape: {Rule} Inputs: x [2].", Assert.Throws<ShapeException>(() => Reshape(x, default)).Message);
        Assert.Equal($"input: {Rule}", Assert.Throws<ShapeException>(() => graph.Input(Array.Empty<double>(), default)).Message);
        Assert.Equal($"constant: {Rule}", Assert.Throws<ShapeException>(() => graph.Constant(Array.Empty<double>(), default)).Message);
        Assert.Throws<ShapeException>(() => graph.Input(Array.Empty<double>()));
    }

    [Fact]
    public void A_stack_that_is_too_large_is_refused_though_each_value_is_not()
    {
        using var model = new Model();
        Graph graph = model.NewGraph();
        for (int example = 0; example < 3; example++)
            Tanh(ExpandTo(new Shape(1 << 30), graph.Input(example)));

        Assert.Contains("elements. Use a smaller compute batch.", Assert.Throws<InvalidOperationException>(graph.Batch).Message, StringComparison.Ordinal);
        var evaluator = new Evaluator<double>(model, (g, x) => Sum(ExpandTo(new Shape(1 << 30), g.Input(x))));
        Assert.Throws<InvalidOperationException>(() => evaluator.Run([1.0, 2, 3], (_, _) => { }, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_parameter_of_a_size_that_no_model_has_is_refused_by_its_name()
    {
        using var model = new Model();
        foreach ((int outputs, int inputs) in new[] { (0, 3), (-3, -3), (3, 0), (int.MinValue, int.MinValue), (int.MaxValue, int.MaxValue), (65536, 65536) })
            Assert.Contains("wide", Assert.ThrowsAny<ArgumentException>(() => { model.Weight("wide", outputs, inputs); }).Message, StringComparison.Ordinal);

        Assert.Throws<ArgumentException>(() => { model.Bias("wide", -1); });
        Assert.Throws<ArgumentOutOfRangeException>(() => new Lstm(model, "l", 3, 1 << 30));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TreeLstm(model, "t", 3, 1 << 30));
        Assert.ThrowsAny<ArgumentException>(() => new Gru(model, "g", 3, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LayerNormalization(model, "n", 3, double.NaN));
        Assert.Empty(model.Parameters);
    }

    // Whatever whole numbers are given: an expression of a shape that is one, or an error that says what is wrong. Never another exception.
    [Fact]
    public void Any_whole_numbers_make_an_expression_or_a_clear_error()
    {
        var random = new Random(11);
        var graph = new Graph(Precision.Double);
        int made = 0;
        for (int round = 0; round < 30_000; round++)
        {
            if (round % 100 == 0)
                graph.Clear();

            Expr x = graph.Input(new double[12], new Shape(12)).Named("x");
            try
            {
                Expr y = Make(random.Next(14), x);
                made++;
                Assert.True(y.Shape.Rows >= 1 && y.Shape.Columns >= 1 && (long)y.Shape.Rows * y.Shape.Columns == y.Shape.Size);
            }
            catch (Exception e) when (e is ShapeException || e.GetType() == typeof(ArgumentOutOfRangeException))
            {
                Assert.NotEmpty(e.Message);
            }
        }

        Assert.InRange(made, 3_000, 30_000);

        int Any() => random.Next(6) switch
        {
            0 => random.Next(-4, 14),
            1 => random.Next(1, 5),
            2 => new[] { int.MinValue, int.MinValue + 1, -1, 0, int.MaxValue, int.MaxValue - 1, 1 << 30, 1 << 16, -(1 << 30) }[random.Next(9)],
            3 => random.Next(int.MinValue, int.MaxValue),
            _ => random.Next(0, 13),
        };

        Expr Make(int function, Expr x)
        {
            Expr matrix = Reshape(x, new Shape(3, 4));
            return function switch
            {
                0 => Slice(matrix, Any(), Any()),
                1 => SliceColumns(matrix, Any(), Any()),
                2 => Pad(matrix, Any(), Any()),
                3 => PadColumns(matrix, Any(), Any()),
                4 => Reshape(x, new Shape(Any(), Any())),
                5 => ExpandTo(new Shape(Any(), Any()), Slice(x, 0, random.Next(1, 4))),
                6 => Lookup(matrix, Any()),
                7 => Lookup(matrix, graph.Index(Any())),
                8 => CrossEntropy(x, Any()),
                9 => CrossEntropy(x, graph.Index(Any())),
                10 => OuterProduct(ExpandTo(new Shape(Any()), graph.Input(1.0)), matrix),
                11 => graph.Input(new double[6], new Shape(Any(), Any())),
                12 => graph.Constant(new double[6], new Shape(Any(), Any())),
                _ => OuterProduct(ExpandTo(new Shape(Any()), graph.Input(1.0)), ExpandTo(new Shape(Any()), graph.Input(1.0))),
            };
        }
    }
}
