using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Tests.Contracts;
using BlasNet.Tests.Training;

namespace BlasNet.Tests.Operators;

/// <summary>Elements and ranges, written as of an array.</summary>
public sealed class ElementAccessTests
{
    private readonly Graph _graph = new(Precision.Double);
    private readonly Expr _x, _row, _w;

    public ElementAccessTests()
    {
        _x = _graph.Input([10.0, 11, 12, 13]).Named("x");
        _row = _graph.Input([20.0, 21, 22], new Shape(1, 3)).Named("row");
        _w = _graph.Input([0.0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32], new Shape(3, 4)).Named("W");   // 10·column + row
    }

    [Fact]
    public void An_element_is_found_from_the_start_or_from_the_end()
    {
        AssertValue(_x[2], Shape.Scalar, 12);
        AssertValue(_x[^1], Shape.Scalar, 13);
        AssertValue(_row[0], Shape.Scalar, 20);
        AssertValue(_row[^1], Shape.Scalar, 22);
        AssertValue(_w[2, 1], Shape.Scalar, 12);
        AssertValue(_w[^3, ^1], Shape.Scalar, 30);
    }

    [Fact]
    public void A_range_keeps_the_direction_of_the_value()
    {
        AssertValue(_x[1..3], new Shape(2), 11, 12);
        AssertValue(_x[^2..], new Shape(2), 12, 13);
        AssertValue(_row[..2], new Shape(1, 2), 20, 21);
        AssertValue(_w[1, ..], new Shape(1, 4), 1, 11, 21, 31);
        AssertValue(_w[1.., ^1], new Shape(2), 31, 32);
        AssertValue(_w[..2, 1..3], new Shape(2, 2), 10, 11, 20, 21);
    }

    [Fact]
    public void The_whole_is_the_value_itself()
    {
        Assert.Equal(_x, _x[..]);
        Assert.Equal(_row, _row[0..^0]);
        Assert.Equal(_w, _w[.., ..]);
        Expr element = _x[0];
        Assert.Equal(element, element[0]);
    }

    [Fact]
    public void A_range_of_all_rows_is_one_node()
    {
        int before = _graph.Count;
        _ = _w[.., 1..3];
        Assert.Equal(before + 1, _graph.Count);
    }

    // Σ over the examples of W₁₂·x₁ + b₂ + Σ (column 1 of W).
    [Fact]
    public void A_parameter_is_read_in_the_same_way()
    {
        using var small = new SmallModel();
        Expr Loss(Graph g, double[] x) => Op.Multiply(small.W[0, ^1], g.Input(x[0])) + Op.Sum(small.B[1..]) + Op.Sum(small.W[.., 0]);
        int count = SmallModel.Points.Length;
        small.AssertGradient(Loss, small.W, [count, count, SmallModel.Points.Sum(x => x[0]), 0]);
        small.AssertGradient(Loss, small.B, [0, count]);
    }

    [Fact]
    public void What_is_not_there_is_refused_by_the_values_name()
    {
        AssertRefused(() => _x[4], "slice: 1 rows from row 4 on are not part of 0 … 3. Inputs: x [4].");
        AssertRefused(() => _x[^5], "Inputs: x [4].");
        AssertRefused(() => _x[3..5], "Inputs: x [4].");
        AssertRefused(() => _x[2..2], "Inputs: x [4].");
        AssertRefused(() => _x[3..1], "Inputs: x [4].");
        AssertRefused(() => _row[3], "Inputs: row [1 × 3].");
        AssertRefused(() => _w[0, 4], "Inputs: W [3 × 4].");
        AssertRefused(() => _w[3, 0], "slice: ");
        AssertRefused(() => _w[0], "W [3 × 4]: a matrix needs two indices or ranges, [row, column].");
        AssertRefused(() => _w[..], "W [3 × 4]: a matrix needs two indices or ranges, [row, column].");
    }

    private void AssertValue(Expr value, Shape shape, params double[] elements)
    {
        using var evaluator = new DirectEvaluator<double>(_graph);
        Assert.Equal(shape, value.Shape);
        Assert.Equal(elements, evaluator[value].ToArray());
    }

    private static void AssertRefused(Func<Expr> read, string text) =>
        Assert.Contains(text, Assert.Throws<ShapeException>(() => read()).Message, StringComparison.Ordinal);
}
