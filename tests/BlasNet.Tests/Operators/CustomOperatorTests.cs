using System.Numerics.Tensors;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Tests.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Operators;

/// <summary>An operator from outside: x / (1 + |x|) and its gradient, and one that mixes the elements of a column.</summary>
public sealed class CustomOperatorTests
{
    /// <summary>y = x / (1 + |x|); dx = dy·(1 − |y|)².</summary>
    private sealed class Softsign() : CustomOperator("softsign", isColumnWise: true)
    {
        public static readonly Softsign Instance = new();

        protected override Shape InferShape(ReadOnlySpan<Shape> operands) => operands.Length == 1 ? operands[0] : throw Refuse("needs one operand");

        protected override void Forward<T>(in KernelValues<T> values)
        {
            for (int i = 0; i < values.Count; i++)
            {
                Span<T> y = values.Result(i);
                TensorPrimitives.Abs(values.Operand(0, i), y);
                TensorPrimitives.Add(y, T.One, y);
                TensorPrimitives.Divide(values.Operand(0, i), y, y);
            }
        }

        protected override void Gradient(in OperatorGradient gradient) =>
            gradient.Accumulate(0, SoftsignGradient.Instance.Apply(gradient.Result, gradient.ResultGradient));
    }

    /// <summary>dy·(1 − |y|)²; by y −2·sign(y)·(1 − |y|)·dy.</summary>
    private sealed class SoftsignGradient() : CustomOperator("softsign-gradient", isColumnWise: true)
    {
        public static readonly SoftsignGradient Instance = new();

        protected override Shape InferShape(ReadOnlySpan<Shape> operands) => operands[0];

        protected override void Forward<T>(in KernelValues<T> values)
        {
            for (int i = 0; i < values.Count; i++)
            {
                ReadOnlySpan<T> y = values.Operand(0, i), dy = values.Operand(1, i);
                Span<T> dx = values.Result(i);
                for (int k = 0; k < dx.Length; k++)
                    dx[k] = dy[k] * (T.One - T.Abs(y[k])) * (T.One - T.Abs(y[k]));
            }
        }

        protected override void Gradient(in OperatorGradient gradient)
        {
            (Expr y, Expr dy, Expr u) = (gradient.Operand(0), gradient.Operand(1), gradient.ResultGradient);
            gradient.Accumulate(1, Instance.Apply(y, u));
            Expr sign = y / Sqrt(Square(y));
            gradient.Accumulate(0, Multiply(Multiply(u, dy), -2 * (sign - y)));
        }
    }

    /// <summary>The columns' elements, each times the one before it, the last before the first: not column-wise over a matrix [r × c] taken as a
    /// whole.</summary>
    private sealed class Neighbours() : CustomOperator("neighbours")
    {
        public static readonly Neighbours Instance = new();

        protected override Shape InferShape(ReadOnlySpan<Shape> operands) =>
            operands[0].Size > 1 ? operands[0] : throw Refuse("a single element has no neighbour");

        protected override void Forward<T>(in KernelValues<T> values)
        {
            for (int i = 0; i < values.Count; i++)
            {
                ReadOnlySpan<T> x = values.Operand(0, i);
                Span<T> y = values.Result(i);
                for (int k = 0; k < y.Length; k++)
                    y[k] = x[k] * x[(k + y.Length - 1) % y.Length];
            }
        }

        protected override void Gradient(in OperatorGradient gradient)
        {
            (Expr x, Expr dy) = (gradient.Operand(0), gradient.ResultGradient);
            gradient.Accumulate(0, Multiply(dy, Rotate(x, 1)) + Rotate(Multiply(dy, x), -1));
        }

        // Element k is that of k − by.
        private static Expr Rotate(Expr x, int by)
        {
            Expr flat = Reshape(x, new Shape(x.Shape.Size));
            int start = (x.Shape.Size - by) % x.Shape.Size;
            return Reshape(Concatenate(Slice(flat, start, x.Shape.Size - start), Slice(flat, 0, start)), x.Shape);
        }
    }

    private static readonly Architecture Model = model =>
    {
        (Parameter w, Parameter b) = (model.Weight("W", 3, 4), model.Bias("b", 3));
        var cell = Function.Of("cell", (Expr x) => Softsign.Instance.Apply(w * x + b));
        return (g, i) =>
        {
            int columns = 1 + i % 3;
            Expr x = g.Input([.. Enumerable.Range(0, 4 * columns).Select(k => Math.Sin(1 + i + 3 * k))], new Shape(4, columns));
            Expr vector = cell.Call(g.Input([.. Enumerable.Range(0, 4).Select(k => Math.Cos(i + k))]));
            return vector + SumColumns(Softsign.Instance.Apply(MatMul(w, x))) + SumColumns(Neighbours.Instance.Apply(MatMul(w, x))) + Softsign.Instance.Apply(
                b);
        };
    };

    [Fact]
    public void An_operator_of_a_users_own_is_batched_and_differentiated_as_others_are()
    {
        var (batched, oneByOne) = NetworkAssert.EqualsOneByOne(Model, examples: 9);
        Assert.True(batched < oneByOne / 3, $"{batched} launches batched, {oneByOne} one by one");
        NetworkAssert.EqualsFormula(Model, (weights, i) => Define(weights["W"], weights["b"], i), examples: 4);
    }

    /// <summary>Softsign over matrices of one to three columns is one launch, that of vectors in the function another: launches do not grow.</summary>
    [Fact]
    public void Values_of_different_numbers_of_columns_merge_where_the_operator_says_so()
    {
        using Network few = new(Model), many = new(Model);
        few.Run(6);
        many.Run(48);
        Assert.Equal(few.Launches, many.Launches);
    }

    [Fact]
    public void A_check_compares_derivatives_of_any_order_with_differences()
    {
        using var model = new Model(3, Precision.Double);
        Func<Graph, int, Expr> value = Model(model);
        model.SetValues(model["b"], [0.5, -0.75, 1.25]);   // softsign has a kink at 0
        double[] before = [.. model.Parameters.SelectMany(model.ValuesOf)];
        Assert.InRange(GradientCheck.Run(model, (g, i) => Sum(Tanh(value(g, i))), [0, 1, 2, 3], orders: 3).Relative, 0, 1e-6);
        Assert.Equal(before, model.Parameters.SelectMany(model.ValuesOf));
    }

    private sealed class Wrong() : CustomOperator("wrong")
    {
        public static readonly Wrong Instance = new();

        protected override Shape InferShape(ReadOnlySpan<Shape> operands) => operands[0];

        protected override void Forward<T>(in KernelValues<T> values)
        {
            for (int i = 0; i < values.Count; i++)
                TensorPrimitives.Multiply(values.Operand(0, i), values.Operand(0, i), values.Result(i));
        }

        protected override void Gradient(in OperatorGradient gradient) => gradient.Accumulate(0, 2 * gradient.ResultGradient);
    }

    [Fact]
    public void A_wrong_gradient_is_found_and_named()
    {
        using var model = new Model(3, Precision.Double);
        Parameter b = model.Bias("b", 2);
        model.SetValues(b, [1, 3]);
        GradientDifference difference = GradientCheck.Run(model, (g, _) => Sum(Wrong.Instance.Apply(b)), [0]);
        Assert.Equal(("b", 1, 1), (difference.Parameter.Name, difference.Element, difference.Order));
        Assert.Equal(2 * 3, difference.Expected, 1e-6);
        Assert.Equal(2, difference.Actual);
        Assert.Contains("b[1]", difference.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_derivative_that_is_not_a_number_is_found_beside_right_ones()
    {
        using var model = new Model(3, Precision.Double);
        Parameter b = model.Bias("b", 2);
        model.SetValues(b, [0, 4]);
        Assert.Equal(0, GradientCheck.Run(model, (_, _) => Sum(Sqrt(b)), [0], orders: 1).Element);
    }

    [Fact]
    public void An_operator_of_a_users_own_works_in_single_precision()
    {
        using var model = new Model(1);
        float[] result = [];
        new Evaluator<int>(model, (g, _) => Softsign.Instance.Apply(g.Input([1f, -3f]))).Run([0], (_, values) =>
            result = values.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal([0.5f, -0.75f], result);
    }

    [Fact]
    public void A_shape_that_the_rule_refuses_is_an_error_with_the_operands_names()
    {
        using var model = new Model(1);
        Graph graph = model.NewGraph();
        string message = Assert.Throws<ShapeException>(() => Neighbours.Instance.Apply(graph.Input(1.0).Named("lonely"))).Message;
        Assert.Equal("neighbours: a single element has no neighbour. Inputs: lonely [1].", message);
    }

    [Fact]
    public void A_kernel_that_asks_for_a_value_too_many_gets_an_error()
    {
        using var model = new Model(1);
        var evaluator = new Evaluator<int>(model, (g, _) => Greedy.Instance.Apply(g.Input([1f, 2f])));
        Assert.Throws<ArgumentOutOfRangeException>(() => evaluator.Run([0], (_, _) => { }, TestContext.Current.CancellationToken));
    }

    private sealed class Greedy() : CustomOperator("greedy")
    {
        public static readonly Greedy Instance = new();

        protected override Shape InferShape(ReadOnlySpan<Shape> operands) => operands[0];

        protected override void Forward<T>(in KernelValues<T> values) => values.Result(values.Count).Clear();

        protected override void Gradient(in OperatorGradient gradient) { }
    }

    private static double[] Define(double[] w, double[] b, int i)
    {
        int columns = 1 + i % 3;
        double[] result = [.. b.Select(Soft)];
        double[] z = [.. Enumerable.Range(0, columns).SelectMany(j => Product(k => Math.Sin(1 + i + 3 * (4 * j + k))))];
        for (int k = 0; k < z.Length; k++)
            result[k % 3] += Soft(z[k]) + z[k] * z[(k + z.Length - 1) % z.Length];

        return [.. result.Zip(Product(k => Math.Cos(i + k)), (sum, y) => sum).Select((sum, k) => sum + Soft(Product(n => Math.Cos(i + n))[k] + b[k]))];

        double[] Product(Func<int, double> x) => [.. Enumerable.Range(0, 3).Select(r => Enumerable.Range(0, 4).Sum(k => w[3 * k + r] * x(k)))];

        static double Soft(double x) => x / (1 + Math.Abs(x));
    }
}
