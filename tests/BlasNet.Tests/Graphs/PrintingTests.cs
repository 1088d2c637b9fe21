using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Passes;
using BlasNet.Training;

namespace BlasNet.Tests.Graphs;

/// <summary>Graphs as people read them: two examples, and the same batched.</summary>
public sealed class PrintingTests : IDisposable
{
    private readonly Model _model = new(seed: 1);
    private readonly Graph _graph, _batched;

    public PrintingTests()
    {
        Parameter w = _model.Weight("W", 2, 3);
        _graph = _model.NewGraph();
        Op.Scale(Op.Tanh(w * _graph.Input([1f, 2, 3])), 0.5).Named("a \"half\\\"");
        Op.Scale(Op.Tanh(w * _graph.Input([4f, 5, 6])), 0.5);
        _batched = _graph.Batch().Graph;
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Text_has_a_line_for_each_node_and_the_size_of_each_stack()
    {
        Assert.Equal(
            """
            %0 = input : [3]
            W = parameter : [2 × 3]
            %2 = matmul W %0 : [2]
            %3 = tanh %2 : [2]
            a "half\" = scale(0.5) %3 : [2]
            %5 = input : [3]
            %6 = matmul W %5 : [2]
            %7 = tanh %6 : [2]
            %8 = scale(0.5) %7 : [2]

            """, _graph.ToText());
        Assert.Contains("= matmul W ", _batched.ToText(), StringComparison.Ordinal);
        Assert.Equal(4, _batched.ToText().Split(" ×2\n").Length - 1);
    }

    [Fact]
    public void Dot_has_a_box_for_a_parameter_bold_stacks_and_an_arrow_for_each_operand()
    {
        Assert.Equal(
            """
            digraph {
              rankdir=TB; node [fontname="sans-serif"];

            """, string.Concat(_graph.ToDot().Split('\n')[..2].Select(line => $"{line}\n")));
        Assert.Contains("  n1 [label=\"W = parameter\\n[2 × 3]\", shape=box];\n", _graph.ToDot(), StringComparison.Ordinal);
        Assert.Contains("  n0 [label=\"input\\n[3]\", shape=plaintext];\n", _graph.ToDot(), StringComparison.Ordinal);
        Assert.Contains("  n2 [label=\"matmul\\n[2]\", shape=ellipse];\n  n1 -> n2;\n  n0 -> n2;\n", _graph.ToDot(), StringComparison.Ordinal);
        Assert.Contains("label=\"a \\\"half\\\\\\\" = scale(0.5)\\n[2]\"", _graph.ToDot(), StringComparison.Ordinal);
        Assert.Contains("[label=\"tanh\\n[2] ×2\", shape=ellipse, penwidth=2];", _batched.ToDot(), StringComparison.Ordinal);
        Assert.Equal(_graph.Count + 8, _graph.ToDot().Split(";\n").Length - 2);
    }

    [Fact]
    public void Mermaid_has_a_box_for_a_parameter_and_an_arrow_for_each_operand()
    {
        string text = _graph.ToMermaid();
        Assert.StartsWith("flowchart TD\n  n0[/\"input<br/>[3]\"/]\n  n1[\"W = parameter<br/>[2 × 3]\"]\n", text, StringComparison.Ordinal);
        Assert.Contains("  n2([\"matmul<br/>[2]\"])\n  n1 --> n2\n  n0 --> n2\n", text, StringComparison.Ordinal);
        Assert.Contains("\"a #quot;half\\#quot; = scale(0.5)<br/>[2]\"", text, StringComparison.Ordinal);
        Assert.Equal(1 + _graph.Count + 8, text.Split('\n').Length - 1);
    }

    [Fact]
    public void The_operands_of_a_call_come_in_the_order_in_which_they_are_given()
    {
        Graph graph = _model.NewGraph();
        Expr a = graph.Input(1.0).Named("a"), b = graph.Input(2.0).Named("b"), c = graph.Input(3.0).Named("c"), d = graph.Input(4.0).Named("d");
        Function.Of("two", ((Expr, Expr) x) => x.Item1 - x.Item2).Call((a, b));
        Function.Of("three", ((Expr, Expr, Expr) x) => x.Item1 - x.Item2 * x.Item3).Call((a, b, c));
        Function.Of("four", ((Expr, Expr, Expr, Expr) x) => x.Item1 - x.Item2 * x.Item3 / x.Item4).Call((a, b, c, d));

        Assert.Contains(" = two a b : ", graph.ToText(), StringComparison.Ordinal);
        Assert.Contains(" = three a b c : ", graph.ToText(), StringComparison.Ordinal);
        Assert.Contains(" = four a b c d : ", graph.ToText(), StringComparison.Ordinal);
    }
}
