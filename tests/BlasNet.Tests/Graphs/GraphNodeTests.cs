using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Graphs;

/// <summary>Nodes as those see them who look at a graph.</summary>
public sealed class GraphNodeTests : IDisposable
{
    private readonly Model _model = new(1, Precision.Double);
    private readonly Parameter _w;
    private readonly Graph _graph;

    public GraphNodeTests()
    {
        _w = _model.Weight("W", 3, 3);
        _graph = _model.NewGraph();
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Each_is_of_one_kind()
    {
        Expr x = _graph.Input([1.0, 2, 3]);
        var cell = Function.Of("cell", (Expr v) => (Op.Tanh(v), Op.Sum(v)));
        (Expr wide, Expr sum) = cell.Call(x);
        Assert.Equal(NodeKind.Leaf, KindOf(x));
        Assert.Equal(NodeKind.Leaf, KindOf(_graph.Use(_w)));
        Assert.Equal(NodeKind.Move, KindOf(Op.Slice(x, 1, 2)));
        Assert.Equal(NodeKind.Move, KindOf(Op.Concatenate(x, x)));
        Assert.Equal(NodeKind.Product, KindOf(_w * x));
        Assert.Equal(NodeKind.Sum, KindOf(Op.Total([x, x, x])));
        Assert.Equal(NodeKind.Function, KindOf(Op.Sum(x)));
        Assert.Equal(NodeKind.Function, KindOf(Op.Tanh(x)));
        Assert.Equal(NodeKind.Function, KindOf(x + x));
        Assert.Equal(NodeKind.Result, KindOf(wide));
        Assert.Equal(NodeKind.Result, KindOf(sum));
        GraphNode call = _graph.NodeAt(_graph.NodeAt(wide.Index).Inputs[0]);
        Assert.Equal(NodeKind.Call, call.Kind);
        Assert.Single(call.Bodies);
        Assert.Empty(_graph.NodeAt(x.Index).Bodies);
    }

    [Fact]
    public void Two_are_equal_where_they_are_one_node_of_one_graph()
    {
        Graph other = _model.NewGraph();
        (GraphNode x, GraphNode y) = (_graph.NodeAt(_graph.Input(1.0).Index), _graph.NodeAt(_graph.Input(2.0).Index));
        GraphNode again = _graph.NodeAt(x.Index), elsewhere = other.NodeAt(other.Input(1.0).Index);
        Assert.Equal(x.Index, elsewhere.Index);

        Assert.True(x == again && x.Equals((object)again) && !(x != again));
        Assert.Equal(x.GetHashCode(), again.GetHashCode());
        Assert.All([y, elsewhere], node => Assert.True(x != node && !x.Equals((object)node) && !(x == node)));
        Assert.False(x.Equals("x"));
    }

    private NodeKind KindOf(Expr value) => _graph.NodeAt(value.Index).Kind;
}
