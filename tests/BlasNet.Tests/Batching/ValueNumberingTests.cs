using BlasNet.Batching;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Batching;

/// <summary>Which nodes are one value, and which integers that depends on.</summary>
public sealed class ValueNumberingTests : IDisposable
{
    private readonly Model _model = new(seed: 1);
    private readonly Parameter _w, _bias, _table, _otherTable;
    private readonly ValueNumbering _numbering = new();
    private readonly Graph _graph;

    public ValueNumberingTests()
    {
        (_w, _bias) = (_model.Weight("W", 2, 2), _model.Bias("b", 2));
        (_table, _otherTable) = (_model.Weight("table", 2, 9), _model.Weight("other", 2, 9));
        _graph = _model.NewGraph();
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void What_is_computed_of_equal_integers_is_one_value()
    {
        Expr[] products = [.. new[] { 7, 8, 7 }.Select(word => _w * Op.Lookup(_graph.Use(_table), word))];

        _numbering.Run(_graph);

        Assert.Equal(NumberOf(products[0]), NumberOf(products[2]));
        Assert.NotEqual(NumberOf(products[0]), NumberOf(products[1]));
        Assert.Equal(4, _numbering.Count);   // two lookups, two products
        Assert.Equal(_numbering.Values[products[0].Index], _numbering.Values[products[2].Index]);
    }

    [Fact]
    public void Integers_are_noted_as_equal_where_a_value_depends_on_it()
    {
        Expr[] indices = [.. new[] { 7, 8, 7, 7 }.Select(word => _graph.Index(word))];
        Parameter[] tables = [_table, _table, _table, _otherTable];
        foreach (var (index, table) in indices.Zip(tables))
            Op.Lookup(_graph.Use(table), index);

        _numbering.Run(_graph);

        var expected = (_graph.AttributeOf(indices[2].Index), _graph.AttributeOf(indices[0].Index));
        Assert.Equal(expected, Assert.Single(_numbering.Integers.Equal));
        Assert.Equal(3, _numbering.Count);
    }

    [Fact]
    public void Inputs_are_not_compared()
    {
        Expr first = Op.Tanh(_graph.Input([1f, 2])), second = Op.Tanh(_graph.Input([1f, 2]));

        _numbering.Run(_graph);

        Assert.NotEqual(NumberOf(first), NumberOf(second));
    }

    [Fact]
    public void Each_sum_counts()
    {
        Expr x = _graph.Input([1f, 2]), y = _graph.Input([3f, 4]);
        Expr first = Op.Total(x, y), second = Op.Total(x, y);

        _numbering.Run(_graph);

        Assert.NotEqual(NumberOf(first), NumberOf(second));
    }

    [Fact]
    public void Results_of_equal_calls_are_equal_one_by_one()
    {
        var f = Function.Of("f", (Expr x) => (Op.Tanh(x), Op.Exp(x)));
        Expr input = _graph.Input([1f, 2]);
        var (tanh, exp) = f.Call(input);
        var (sameTanh, sameExp) = f.Call(input);

        _numbering.Run(_graph);

        Assert.Equal(1, _numbering.Count);
        Assert.Equal((NumberOf(tanh), NumberOf(exp)), (NumberOf(sameTanh), NumberOf(sameExp)));
        Assert.NotEqual(NumberOf(tanh), NumberOf(exp));
    }

    [Fact]
    public void Without_sharing_only_what_all_examples_share_is_computed_once()
    {
        Expr[] lookups = [Op.Lookup(_graph.Use(_table), 7), Op.Lookup(_graph.Use(_table), 7)];
        Expr[] shared = [Op.Tanh(_graph.Use(_bias)), Op.Tanh(_graph.Use(_bias))];
        _numbering.ShareEqual = false;

        _numbering.Run(_graph);

        Assert.NotEqual(NumberOf(lookups[0]), NumberOf(lookups[1]));
        Assert.Equal(NumberOf(shared[0]), NumberOf(shared[1]));
        Assert.Empty(_numbering.Integers.Equal);
    }

    [Fact]
    public void A_pool_of_data_is_one_leaf_from_its_first_place_to_its_last()
    {
        _graph.Use(_w);
        foreach (int i in Enumerable.Range(0, 3))
            _graph.Input([1f * i, 2]);

        _numbering.Run(_graph);

        Assert.Equal(0, _numbering.Count);
        Assert.Equal([-1, -2, -2, -2], _numbering.Values);
        Assert.Equal((1, 3), (_numbering.Leaves[1].Node, _numbering.Leaves[1].End - _numbering.Leaves[1].First));
    }

    private int NumberOf(Expr expression) => _numbering.NumberOf(expression.Index);
}
