using System.Numerics.Tensors;
using BlasNet.Graphs;
using BlasNet.Tests.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Graphs;

/// <summary>Lines as users write them: a parameter is an expression like any other, and <c>*</c> means what the shapes say.</summary>
public sealed class ExpressionTests : IDisposable
{
    private readonly Model _model = new(1, Precision.Double);
    private readonly Parameter _w, _v, _e, _b, _c, _s;

    public ExpressionTests()
    {
        (_w, _v, _e) = (_model.Weight("W", 2, 3), _model.Weight("V", 2, 3), _model.Weight("E", 2, 5));
        (_b, _c, _s) = (_model.Bias("b", 2), _model.Bias("c", 2), _model.Bias("s", 1));
        foreach (Parameter parameter in _model.Parameters)
            _model.SetValues(parameter, [.. Enumerable.Range(0, parameter.Shape.Size).Select(i => 0.25 * (i + 1) + 0.125 * parameter.Index)]);
    }

    public static TheoryData<string> Lines =>
    [
        "Tanh(b)", "Lookup(E, 3)", "Lookup(E, [3, 1])", "Sum(Square(W))", "-b", "2 * b", "b * 2", "b / 2", "2 / b", "1 - b", "b - 1", "b + 1", "W + V",
            "W - V", "W / V",
        "b * c", "s * W", "Transpose(W) * b", "Transpose(W) * V", "CrossEntropy(b, 1)", "Dropout(b, 0)", "Concatenate(b, c)", "b", "f(b)", "f(b, c)", "Named",
    ];

    private Expr Write(string line) => line switch
    {
        "Tanh(b)" => Tanh(_b),
        "Lookup(E, 3)" => Lookup(_e, 3),
        "Lookup(E, [3, 1])" => Lookup(_e, [3, 1]),
        "Sum(Square(W))" => Sum(Square(_w)),
        "-b" => -_b,
        "2 * b" => 2 * _b,
        "b * 2" => _b * 2,
        "b / 2" => _b / 2,
        "2 / b" => 2 / _b,
        "1 - b" => 1 - _b,
        "b - 1" => _b - 1,
        "b + 1" => _b + 1,
        "W + V" => _w + _v,
        "W - V" => _w - _v,
        "W / V" => _w / _v,
        "b * c" => _b * _c,
        "s * W" => _s * _w,
        "Transpose(W) * b" => Transpose(_w) * _b,
        "Transpose(W) * V" => Transpose(_w) * _v,
        "CrossEntropy(b, 1)" => CrossEntropy(_b, 1),
        "Dropout(b, 0)" => Dropout(_b, 0),
        "Concatenate(b, c)" => Concatenate(_b, _c),
        "b" => _b,
        "f(b)" => One.Call(_b),
        "f(b, c)" => Two.Call(_b, _c),
        _ => ((Expr)_b).Named("bias"),
    };

    private static readonly Function<Expr, Expr> One = Function.Of("one", (Expr x) => 2 * Tanh(x));

    private static readonly Function<Expr, Expr, Expr> Two = Function.Of("two", (Expr x, Expr y) => x * y);

    /// <summary>In a loss, an evaluated function, a function's body and a regulariser: the same numbers as with the parameters joined by graph.Use.</summary>
    [Theory, MemberData(nameof(Lines))]
    public void A_parameter_is_an_expression(string line)
    {
        double[] expected = Define(line);
        NetworkAssert.Close(expected, Evaluated((_, _) => Write(line)), 1e-14, line);
        NetworkAssert.Close(expected, Evaluated((g, _) => Write(line) + 0 * g.Input(1.0)), 1e-14, line);
        if (line is not ("Lookup(E, 3)" or "Lookup(E, [3, 1])" or "CrossEntropy(b, 1)"))
            NetworkAssert.Close(expected, Evaluated((g, _) => Function.Of("body", (Expr x) => Write(line) + 0 * x).Call(g.Input(1.0))), 1e-14, line);

        var trainer = new Trainer<int>(_model, (_, _) => Sum(Write(line)), new Sgd(0));
        Assert.Equal(expected.Sum(), trainer.Step([1, 2]), 1e-12);
        trainer = new Trainer<int>(_model, (g, _) => g.Input(0.0) + _s - _s, new Sgd(0)) { Regularizer = _ => Sum(Write(line)) };
        trainer.Step([1, 2]);
        double[] norms = [];
        new GradientNorms<int>(_model, (_, _) => Sum(Write(line))).Run([1], (_, squared) => norms = squared.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal(_model.Parameters.Count, norms.Length);
    }

    [Fact]
    public void A_star_between_values_means_what_the_shapes_say()
    {
        using var wide = new Model(1, Precision.Double);
        (double[] w, double[] x) = ([1, 2, 3, 4], [5, 6]);
        Parameter square = wide.Weight("square", 2, 2);
        wide.SetValues(square, w);
        double[] product = [1 * 5 + 3 * 6, 2 * 5 + 4 * 6];
        foreach (Func<Graph, Expr> matrix in (Func<Graph, Expr>[])[_ => square, g => g.Use(square), g => g.Input(w, new Shape(2, 2)), _ => 1 * square])
        {
            Assert.Equal(product, Evaluate(g => matrix(g) * g.Input(x)));
            Assert.Equal([1 * 1 + 3 * 2, 2 * 1 + 4 * 2, 1 * 3 + 3 * 4, 2 * 3 + 4 * 4], Evaluate(g => matrix(g) * g.Input(w, new Shape(2, 2))));
            Assert.Equal([2, 4, 6, 8], Evaluate(g => matrix(g) * g.Input(2.0)));
            Assert.Equal([2, 4, 6, 8], Evaluate(g => g.Input(2.0) * matrix(g)));
        }

        Assert.Equal([25, 36], Evaluate(g => g.Input(x) * g.Input(x)));

        double[] Evaluate(Func<Graph, Expr> function)
        {
            double[] result = [];
            new Evaluator<int>(wide, (g, _) => function(g)).RunDouble([0], (_, values) => result = values.ToArray());
            return result;
        }
    }

    [Theory]
    [InlineData(2, 1, 3, 1)]
    [InlineData(3, 1, 1, 3)]
    [InlineData(2, 3, 2, 3)]
    [InlineData(2, 2, 3, 1)]
    public void A_star_between_other_shapes_is_an_error_that_names_both_products(int rows, int columns, int otherRows, int otherColumns)
    {
        Graph graph = _model.NewGraph();
        Expr a = graph.Input(new double[rows * columns], new Shape(rows, columns)),
            b = graph.Input(new double[otherRows * otherColumns], new Shape(otherRows, otherColumns));
        string message = Assert.Throws<ShapeException>(() => a * b).Message;
        Assert.Contains("MatMul", message, StringComparison.Ordinal);
        Assert.Contains("Multiply", message, StringComparison.Ordinal);
        Assert.Contains(a.Shape.ToString(), message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_parameter_outside_of_any_graph_is_an_error_that_says_how_to_join_one()
    {
        string message = Assert.Throws<InvalidOperationException>(() => Tanh(_b)).Message;
        Assert.Contains("graph.Use(b)", message, StringComparison.Ordinal);
        Graph graph = _model.NewGraph();
        Assert.Equal("tanh", graph.OperatorOf(Tanh(graph.Use(_b)).Index).Name);
    }

    [Fact]
    public void A_graph_is_built_no_longer_when_the_loss_has_thrown()
    {
        var trainer = new Trainer<int>(_model, (_, _) => throw new NotSupportedException(), new Sgd(0));
        Assert.Throws<NotSupportedException>(() => trainer.Step([1]));
        Assert.Throws<InvalidOperationException>(() => Tanh(_b));
    }

    [Fact]
    public void A_matrix_of_rows_is_an_input()
    {
        double[] byColumns = [1, 4, 2, 5, 3, 6];
        Tensor<double> tensor = Tensor.Create(new double[] { 1, 2, 3, 4, 5, 6 }, [2, 3]);
        Assert.Equal(byColumns, Evaluated((g, _) => g.Input(new double[,] { { 1, 2, 3 }, { 4, 5, 6 } })));
        Assert.Equal(byColumns, Evaluated((g, _) => g.Input(new float[,] { { 1, 2, 3 }, { 4, 5, 6 } })));
        Assert.Equal(byColumns, Evaluated((g, _) => g.InputTensor(tensor)));
        Assert.Equal([4, 5, 6], Evaluated((g, _) => g.InputTensor(tensor.AsReadOnlyTensorSpan(1..2, 0..3)) is var row ? Transpose(row) : default));
        Assert.Equal([7, 8], Evaluated((g, _) => g.InputTensor(Tensor.Create([7f, 8f]))));
        Graph graph = _model.NewGraph();
        Assert.Throws<ShapeException>(() => graph.Input(new double[0, 3]));
        Assert.Throws<ShapeException>(() => graph.InputTensor(Tensor.Create(new float[8], [2, 2, 2])));
    }

    [Fact]
    public void Zeros_and_ones_are_one_node_each()
    {
        Graph graph = _model.NewGraph();
        Assert.Equal(graph.Zeros(3), graph.Zeros(3));
        Assert.NotEqual(graph.Zeros(3), graph.Ones(3));
        Assert.Equal([1, 1, 1, 1], Evaluated((g, _) => g.Zeros(new Shape(2, 2)) + g.Ones(new Shape(2, 2))));
        Assert.Throws<ShapeException>(() => graph.Zeros(0));
    }

    public void Dispose() => _model.Dispose();

    private double[] Evaluated(Func<Graph, int, Expr> function)
    {
        double[] result = [];
        new Evaluator<int>(_model, function).RunDouble([0, 1], (_, values) => result = values.ToArray());
        return result;
    }

    private double[] Define(string line)
    {
        double[] w = _model.ValuesOf(_w), v = _model.ValuesOf(_v), e = _model.ValuesOf(_e), b = _model.ValuesOf(_b), c = _model.ValuesOf(_c);
        double s = _model.ValuesOf(_s)[0];
        return line switch
        {
            "Tanh(b)" => [.. b.Select(Math.Tanh)],
            "Lookup(E, 3)" => e[6..8],
            "Lookup(E, [3, 1])" => [.. e[6..8], .. e[2..4]],
            "Sum(Square(W))" => [w.Sum(x => x * x)],
            "-b" => [.. b.Select(x => -x)],
            "2 * b" or "b * 2" => [.. b.Select(x => 2 * x)],
            "b / 2" => [.. b.Select(x => x / 2)],
            "2 / b" => [.. b.Select(x => 2 / x)],
            "1 - b" => [.. b.Select(x => 1 - x)],
            "b - 1" => [.. b.Select(x => x - 1)],
            "b + 1" => [.. b.Select(x => x + 1)],
            "W + V" => [.. w.Zip(v, (x, y) => x + y)],
            "W - V" => [.. w.Zip(v, (x, y) => x - y)],
            "W / V" => [.. w.Zip(v, (x, y) => x / y)],
            "b * c" or "f(b, c)" => [.. b.Zip(c, (x, y) => x * y)],
            "s * W" => [.. w.Select(x => s * x)],
            "Transpose(W) * b" => [.. Enumerable.Range(0, 3).Select(i => w[2 * i] * b[0] + w[2 * i + 1] * b[1])],
            "Transpose(W) * V" =>
                [.. from j in Enumerable.Range(0, 3) from i in Enumerable.Range(0, 3) select w[2 * i] * v[2 * j] + w[2 * i + 1] * v[2 * j + 1]],
            "CrossEntropy(b, 1)" => [Math.Log(Math.Exp(b[0]) + Math.Exp(b[1])) - b[1]],
            "Concatenate(b, c)" => [.. b, .. c],
            "f(b)" => [.. b.Select(x => 2 * Math.Tanh(x))],
            _ => b,
        };
    }
}
