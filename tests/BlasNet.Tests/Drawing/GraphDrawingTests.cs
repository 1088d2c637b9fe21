using System.Globalization;
using System.Xml.Linq;
using BlasNet.Drawing;
using BlasNet.Graphs;
using BlasNet.Passes;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Drawing;

public sealed class GraphDrawingTests : IDisposable
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";
    private readonly Model _model = new(seed: 1);
    private readonly Parameter _w, _u;

    public GraphDrawingTests() => (_w, _u) = (_model.Weight("W", 4, 3), _model.Weight("U", 4, 4));

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Every_node_is_a_box_and_every_operand_an_arrow()
    {
        Graph graph = Minibatch(2, steps: 1);
        XElement svg = XElement.Parse(graph.ToSvg(new DrawingOptions { Title = "a < b" }));

        Assert.Equal(graph.Count, Nodes(svg).Length);
        Assert.Equal(graph.EdgeCount, svg.Descendants(Svg + "path").Count(path => (string?)path.Attribute("class") == "edge"));
        Assert.Equal(("img", "a < b"), ((string?)svg.Attribute("role"), svg.Element(Svg + "title")!.Value));
        Assert.Contains("2 matmul", svg.Element(Svg + "desc")!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Boxes_do_not_overlap_and_lie_within_the_picture()
    {
        XElement svg = XElement.Parse(Minibatch(3, steps: 4).ToSvg());
        (double Left, double Top, double Right, double Bottom)[] boxes = [.. Nodes(svg).Select(node => RectangleOf(node.Elements(Svg + "rect").First(box => (string?)box.Attribute("class") == "box")))];
        double width = Number(svg, "width"), height = Number(svg, "height");
        for (int i = 0; i < boxes.Length; i++)
        {
            Assert.True(boxes[i].Left >= 0 && boxes[i].Top >= 0 && boxes[i].Right <= width && boxes[i].Bottom <= height, $"box {i} leaves the picture");
            for (int j = 0; j < i; j++)
            {
                bool apart = boxes[i].Left >= boxes[j].Right || boxes[j].Left >= boxes[i].Right || boxes[i].Top >= boxes[j].Bottom || boxes[j].Top >= boxes[i].Bottom;
                Assert.True(apart, $"boxes {i} and {j} overlap");
            }
        }
    }

    [Fact]
    public void Two_examples_have_two_colours_and_what_they_share_has_none()
    {
        XElement svg = XElement.Parse(Minibatch(2, steps: 1).ToSvg());
        Assert.Equal(4, Nodes(svg).Count(node => ClassesOf(node).Contains("e1")));   // x, matmul, square, sum
        Assert.Equal(4, Nodes(svg).Count(node => ClassesOf(node).Contains("e2")));
        Assert.All(Nodes(svg).Where(node => ClassesOf(node).Contains("parameter")), node => Assert.Equal(2, ClassesOf(node).Length));
    }

    [Fact]
    public void A_stack_shows_which_example_each_value_is_of()
    {
        Graph minibatch = Minibatch(2, steps: 1);
        BatchedGraph batched = minibatch.Batch();
        var cells = ExampleColours.CellsOf(ExampleColours.Of(minibatch), batched);
        Assert.Equal(4, cells.Count);
        Assert.All(cells.Values, examples => Assert.Equal([1, 2], examples));
    }

    [Fact]
    public void Copies_side_by_side_fold_into_one_with_their_number()
    {
        Graph graph = Minibatch(2_500, steps: 1);   // 10,002 nodes
        XElement svg = XElement.Parse(graph.ToSvg());
        Assert.Equal(6, Nodes(svg).Length);         // x, W, matmul, square, sum, total
        Assert.Equal(["2,500", "2,500", "2,500", "2,500"], Badges(svg));
        Assert.Contains(svg.Elements(Svg + "text"), text => text.Value.StartsWith("10,002 nodes, folded", StringComparison.Ordinal));
    }

    [Fact]
    public void A_long_recurrence_folds_into_a_loop()
    {
        Graph graph = Minibatch(1, steps: 2_500);
        XElement svg = XElement.Parse(graph.ToSvg());
        Assert.InRange(Nodes(svg).Length, 5, 100);
        Assert.Equal(1, svg.Descendants(Svg + "path").Count(path => (string?)path.Attribute("class") == "edge back"));
        Assert.Contains(Badges(svg), number => number.Length == 5);
    }

    [Fact]
    public void Ten_thousand_nodes_without_likeness_fold_by_operator()
    {
        Graph graph = _model.NewGraph();
        for (int size = 2; size <= 5_001; size++)
            Sum(graph.Input(new float[size]));

        XElement svg = XElement.Parse(graph.ToSvg());
        Assert.Equal(["5,000", "5,000"], Badges(svg));
    }

    [Fact]
    public void A_graph_with_gradients_is_drawn_too()
    {
        Graph graph = Minibatch(2, steps: 3);
        graph.At(graph.Count - 1).Differentiate(_w, _u);
        Assert.InRange(Nodes(XElement.Parse(graph.ToSvg(new DrawingOptions { MaxNodes = 1000 }))).Length, graph.Count - 5, graph.Count);
    }

    [Fact]
    public void A_parameter_of_a_batched_graph_is_found_there_and_not_added_again()
    {
        BatchedGraph batched = Minibatch(2, steps: 1).Batch();
        int nodes = batched.Graph.Count;
        Assert.Equal("W", batched.Graph.Use(_w).Graph.ToText().Split('\n').Single(line => line.Contains("parameter", StringComparison.Ordinal)).Split(' ')[0]);
        Expr gradient = batched.Graph.At(nodes - 1).Differentiate(_w)[0];
        Assert.Contains("outer-product-sum", gradient.Graph.ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_call_is_one_box_with_all_its_results()
    {
        Function<Expr, (Expr, Expr)> split = Function.Of("split", (Expr x) => (Tanh(_w * x), Sigmoid(_w * x)));
        Graph graph = _model.NewGraph();
        var (left, right) = split.Call(graph.Input([1f, 2f, 3f]));
        Sum(left * right);
        XElement svg = XElement.Parse(graph.ToSvg());
        XElement call = Assert.Single(Nodes(svg), node => ClassesOf(node).Contains("call"));
        Assert.Equal("split", call.Element(Svg + "text")!.Value);
        Assert.DoesNotContain("result", svg.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_graph_is_refused() => Assert.Throws<ArgumentException>(() => _model.NewGraph().ToSvg());

    [Fact]
    public void A_page_forbids_itself_every_request()
    {
        string page = Minibatch(2, steps: 1).ToHtml(new DrawingOptions { Title = "Two examples" });
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.Contains("<h1>Two examples</h1>", page, StringComparison.Ordinal);
    }

    // Σ (W·x)² for one step, tanh(W·x + U·h) for each further one.
    private Graph Minibatch(int examples, int steps)
    {
        Graph graph = _model.NewGraph();
        return Total([.. Enumerable.Range(0, examples).Select(example =>
        {
            Expr h = _w * graph.Input([example, 1f, 2f]);
            for (int step = 1; step < steps; step++)
                h = Tanh(_w * graph.Input([example, 1f, step]) + _u * h);

            return Sum(Square(h));
        })]).Graph;
    }

    private static XElement[] Nodes(XElement svg) => [.. svg.Descendants(Svg + "g").Where(group => group.Attribute("data-node") is not null)];

    private static string[] Badges(XElement svg) => [.. svg.Descendants(Svg + "text").Where(text => (string?)text.Attribute("class") == "badge").Select(text => text.Value)];

    private static string[] ClassesOf(XElement node) => ((string)node.Attribute("class")!).Split(' ');

    private static (double Left, double Top, double Right, double Bottom) RectangleOf(XElement box) =>
        (Number(box, "x"), Number(box, "y"), Number(box, "x") + Number(box, "width"), Number(box, "y") + Number(box, "height"));

    private static double Number(XElement element, string attribute) => double.Parse((string)element.Attribute(attribute)!, CultureInfo.InvariantCulture);
}
