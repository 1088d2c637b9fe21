using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Passes;
using BlasNet.Tests.Contracts;

namespace BlasNet.Tests.Operators;

/// <summary>Windows of a sequence and the largest of elements, on numbers that are told apart at a glance.</summary>
public sealed class SequenceOperatorTests
{
    private const double NaN = double.NaN;

    private readonly Graph _graph = new(Precision.Double);
    private readonly Expr _x;

    public SequenceOperatorTests() => _x = _graph.Input([1.0, -1, 2, -2, 3, -3, 4, -4, 5, -5], new Shape(2, 5)).Named("x");   // vectors [j, −j]

    [Fact]
    public void A_window_has_its_vectors_one_below_the_other()
    {
        AssertValue(Op.Unfold(_x, 2), new Shape(4, 4), 1, -1, 2, -2, 2, -2, 3, -3, 3, -3, 4, -4, 4, -4, 5, -5);
        AssertValue(Op.Unfold(_x, 2, stride: 2), new Shape(4, 2), 1, -1, 2, -2, 3, -3, 4, -4);   // the fifth is left over
        AssertValue(Op.Unfold(_x, 1, stride: 3), new Shape(2, 2), 1, -1, 4, -4);
        Assert.Equal(_x, Op.Unfold(_x, 1));
    }

    // y_j = x_j,1 + 10·x_j₊₁,1.
    [Fact]
    public void A_convolution_multiplies_each_window()
    {
        Expr w = _graph.Constant([1.0, 0, 10, 0], new Shape(1, 4)).Named("w");
        AssertValue(Op.Conv1d(w, _x), new Shape(1, 4), 21, 32, 43, 54);
        AssertValue(Op.Conv1d(w, _x, padding: 1), new Shape(1, 6), 10, 21, 32, 43, 54, 5);
        AssertValue(Op.Conv1d(w, _x, padding: 1, stride: 2), new Shape(1, 3), 10, 32, 54);
    }

    [Fact]
    public void The_largest_of_a_window_is_found_element_by_element()
    {
        AssertValue(Op.MaxPool(_x, 2), new Shape(2, 2), 2, -1, 4, -3);
        AssertValue(Op.MaxPool(_x, 3, stride: 1), new Shape(2, 3), 3, -1, 4, -2, 5, -3);
        AssertValue(Op.MaxPool(_x, 1, stride: 2), new Shape(2, 3), 1, -1, 3, -3, 5, -5);
    }

    [Fact]
    public void The_largest_of_columns_of_rows_and_of_all()
    {
        AssertValue(Op.MaxColumns(_x), new Shape(2), 5, -1);
        Expr vector = Op.MaxColumns(_x);
        Assert.Equal(vector, Op.MaxColumns(vector));
        AssertValue(Op.MaxRows(_x), new Shape(1, 5), 1, 2, 3, 4, 5);
        AssertValue(Op.Max(_x), Shape.Scalar, 5);
        AssertValue(Op.ArgMax(_x), new Shape(1, 5), 0, 0, 0, 0, 0);
        AssertValue(Op.ArgMax(-_x), new Shape(1, 5), 1, 1, 1, 1, 1);
        AssertValue(Op.LogSumExpColumns(_x), new Shape(2), Math.Log(Enumerable.Range(1, 5).Sum(j => Math.Exp(j))),
            Math.Log(Enumerable.Range(1, 5).Sum(j => Math.Exp(-j))));
    }

    [Fact]
    public void The_largest_is_NaN_where_any_element_is_and_else_the_first_of_equal_ones()
    {
        Expr y = _graph.Input([3.0, NaN, 7, 7, -0.0, 0, NaN, NaN], new Shape(2, 4));
        AssertValue(Op.MaxRows(y), new Shape(1, 4), NaN, 7, 0, NaN);
        AssertValue(Op.ArgMax(y), new Shape(1, 4), 1, 0, 1, 0);
        AssertValue(Op.MaxColumns(y), new Shape(2), NaN, NaN);
        AssertValue(Op.Max(y), Shape.Scalar, NaN);
        AssertValue(Op.MaxPool(y, 2), new Shape(2, 2), 7, NaN, NaN, NaN);
    }

    [Fact]
    public void The_gradient_goes_to_the_first_of_equal_elements()
    {
        Expr y = _graph.Input([2.0, 1, 2, 3, 0, 3], new Shape(2, 3));
        AssertValue(Op.Sum(Op.MaxColumns(y)).Differentiate(y)[0], y.Shape, 1, 0, 0, 1, 0, 0);
        AssertValue(Op.Max(y).Differentiate(y)[0], y.Shape, 0, 0, 0, 1, 0, 0);
        AssertValue(Op.Sum(Op.MaxPool(y, 3)).Differentiate(y)[0], y.Shape, 1, 0, 0, 1, 0, 0);
        Expr equal = _graph.Input([1.0, 1]);
        AssertValue(Op.Max(equal).Differentiate(equal)[0], new Shape(2), 1, 0);
        AssertValue(Op.Sum(Op.Max(equal, Op.Scale(equal, 1))).Differentiate(equal)[0], new Shape(2), 1, 1);
    }

    [Fact]
    public void Infinite_columns_have_the_logarithm_that_is_their_limit()
    {
        const double Infinity = double.PositiveInfinity;
        Expr y = _graph.Input([-Infinity, 0, Infinity, 1000, -Infinity, -Infinity, 0, 1000], new Shape(4, 2));
        AssertValue(Op.LogSumExpColumns(y), new Shape(4), -Infinity, 0, Infinity, 1000 + Math.Log(2));
    }

    [Fact]
    public void An_element_is_picked_from_each_column_and_has_the_gradient()
    {
        Expr picked = Op.Pick(_x, _graph.Indices([0, 1, 1, 0, 1]));
        AssertValue(picked, new Shape(1, 5), 1, -2, -3, 4, -5);
        AssertValue(Op.Sum(picked).Differentiate(_x)[0], _x.Shape, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1);
    }

    [Fact]
    public void What_does_not_fit_is_refused_by_the_values_names()
    {
        Expr w = _graph.Constant(new double[5], new Shape(1, 5)).Named("w");
        AssertRefused(() => Op.Unfold(_x, 6), "unfold: a window of 6 vectors needs as many columns, not 5. Inputs: x [2 × 5].");
        AssertRefused(() => Op.Unfold(_x, 0), "unfold: width and stride must be between 1 and 65535. Inputs: x [2 × 5].");
        AssertRefused(() => Op.Conv1d(w, _x), "conv1d: left columns (5) must be a multiple of right rows (2). Inputs: w [1 × 5], x [2 × 5].");
        AssertRefused(() => Op.Pick(_x, _graph.Index(0)), "pick: there must be one index for each column: [1 × 5], not [1]. Inputs: x [2 × 5]");
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Op.Pick(_x, _graph.Indices([0, 0, 2, 0, 0])));
        Assert.Contains("pick: index 2 must be less than the number of rows (2). Input: x [2 × 5].", error.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(5, ""), InlineData(-1, "at least 0 and ")]
    public void Each_index_of_a_list_is_looked_at_where_the_lookup_is_written(int index, string least)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Op.Lookup(_x, [0, 4, index, 1]));
        Assert.Contains(
            $"lookup: index {index} must be {least}less than the number of columns (5). Input: x [2 × 5].", error.Message, StringComparison.Ordinal);
    }

    private void AssertValue(Expr value, Shape shape, params double[] elements)
    {
        using var evaluator = new DirectEvaluator<double>(_graph);
        Assert.Equal(shape, value.Shape);
        Assert.Equal(elements, evaluator[value].ToArray(), (a, b) => a.Equals(b) || Math.Abs(a - b) < 1e-14 * Math.Abs(a));
    }

    private static void AssertRefused(Func<Expr> make, string text) =>
        Assert.Contains(text, Assert.Throws<ShapeException>(() => make()).Message, StringComparison.Ordinal);
}
