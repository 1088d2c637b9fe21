using System.Xml.Linq;

namespace BlasNet.Tests.Cli;

[Collection(CommandLineTests.Name)]
public sealed class ExplainTests
{
    [Fact]
    public void One_weight_and_two_examples() => Assert.Equal(
        """
        One example
        What its user writes: s = ℓ(w, x) = Σ (w·x)². There is no batch in it.

          %0 = input : [3]
          w = parameter : [2 × 3]
          %2 = matmul w %0 : [2]
          %3 = square %2 : [2]
          %4 = sum %3 : [1]

        The minibatch of 2
        The graph of each example, side by side; all share the same parameters, and one node adds the losses.

          %0 = input : [3]
          w = parameter : [2 × 3]
          %2 = matmul w %0 : [2]
          %3 = square %2 : [2]
          %4 = sum %3 : [1]
          %5 = input : [3]
          %6 = matmul w %5 : [2]
          %7 = square %6 : [2]
          %8 = sum %7 : [1]
          %9 = total %4 %8 : [1]

        The batched graph
        The same values: nodes of one kind have become one node that computes a stack (×2), a matrix times 2 vectors a matrix times a matrix.

          %0 = input : [3] ×2
          w = parameter : [2 × 3]
          %2 = matmul w %0 : [2] ×2
          %3 = square %2 : [2] ×2
          %4 = sum %3 : [1] ×2
          %5 = total %4 : [1]


        """.ReplaceLineEndings("\n"),
        CommandResult.Of("explain").Output.Split("          ")[0]);

    /// <summary>The architecture page shows the passes as the command prints them.</summary>
    [Fact]
    public void The_passes_are_those_of_the_architecture_page()
    {
        string printed = CommandResult.Of("explain", "--passes").Output;
        string page = File.ReadAllText(Path.Combine(Repository.Root, "src", "README.md")).ReplaceLineEndings("\n");
        string[] shown = page.Split("```\nThe minibatch of 2\n")[1].Split("\n```")[0].Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.True(shown.Length > 40);
        Assert.All(shown, line => Assert.Contains($"{line}\n", printed, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("weight"), InlineData("mlp"), InlineData("rnn"), InlineData("tree"), InlineData("tagger"), InlineData("sequence"), InlineData("treelstm")]
    public void The_graph_after_every_pass_is_shown_in_every_format(string model)
    {
        string[] passes = model is "tagger" or "sequence" or "treelstm"
            ? ["Batch", "Inline", "Batch again", "Differentiate", "Simplify", "Fuse", "Totals", "The plan"]
            : ["Batch", "Differentiate", "Simplify", "Fuse", "Totals", "The plan"];
        string Passes(string format) => CommandResult.Of("explain", "--passes", "--model", model, "--examples", "3", "--format", format).Output;

        Assert.Equal(["The minibatch of 3", .. passes], Passes("text").Split('\n').Where(line => line.Length > 0 && line[0] != ' ' && !line.EndsWith('.')));
        Assert.Equal(passes.Length, XDocument.Parse(Passes("svg")).Descendants().Count(element => element.Name.LocalName == "svg") - 1);
        string page = Passes("html");
        Assert.All(passes[..^1], pass => Assert.Contains($"<h2>{pass}</h2>", page, StringComparison.Ordinal));
        Assert.Equal(passes.Length, Passes("dot").Split("digraph").Length - 1);
        Assert.Equal(passes.Length, Passes("mermaid").Split("```mermaid").Length - 1);
    }

    [Theory]
    [InlineData("weight", 2, 2, 1, 4, 2)]
    [InlineData("weight", 7, 7, 1, 14, 2)]
    [InlineData("mlp", 4, 8, 2, 20, 5)]
    public void Gemv_become_gemm(string model, int examples, int gemv, int gemm, int gemvWithGradients, int gemmWithGradients)
    {
        string[] lines = CommandResult.Of("explain", "--model", model, "--examples", $"{examples}").Lines;
        int[] Row(string name) => [.. lines.Single(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];

        Assert.Equal([gemv, 0], Row("minibatch    ")[1..3]);
        Assert.Equal([0, gemm], Row("batched    ")[1..3]);
        Assert.Equal([gemvWithGradients, 0], Row("minibatch, with gradients")[1..3]);
        Assert.Equal([0, gemmWithGradients], Row("batched, with gradients")[1..3]);
    }

    [Fact]
    public void A_recurrence_is_one_node_that_unfolds_to_its_start_and_its_step()
    {
        string text = CommandResult.Of("explain", "--model", "sequence").Output, example = text.Split("\nlstm.start\n")[0];
        string step = text.Split("\nlstm.step\n")[1].Split("\nThe minibatch of 2\n")[0];

        Assert.Contains("  %3 = lstm %2 : [6 × 3]\n", example, StringComparison.Ordinal);
        Assert.DoesNotContain("sigmoid", example, StringComparison.Ordinal);
        Assert.Contains("it returns %", step, StringComparison.Ordinal);
        Assert.Contains("matmul lstm.Uifou", step, StringComparison.Ordinal);
        Assert.Contains("sigmoid", step, StringComparison.Ordinal);
        string page = CommandResult.Of("explain", "--model", "sequence", "--format", "html").Output;
        Assert.Contains("<details><summary>lstm.start</summary>", page, StringComparison.Ordinal);
        Assert.Contains("<details><summary>lstm.step</summary>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Dot_is_three_graphs_and_comments()
    {
        string[] lines = CommandResult.Of("explain", "--format", "dot").Lines;

        Assert.Equal(3, lines.Count(line => line == "digraph {"));
        Assert.Equal(3, lines.Count(line => line == "}"));
        Assert.All(lines, line => Assert.Matches(@"^(//|digraph \{$|\}$|  )", line));
    }

    [Fact]
    public void Mermaid_is_markdown_with_three_charts()
    {
        string[] lines = CommandResult.Of("explain", "--format", "mermaid").Lines;

        Assert.Equal(3, lines.Count(line => line == "```mermaid"));
        Assert.Equal(3, lines.Count(line => line.StartsWith("flowchart", StringComparison.Ordinal)));
        Assert.Equal(8, lines.Count(line => line.StartsWith("```", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("weight")]
    [InlineData("rnn")]
    [InlineData("tree")]
    [InlineData("tagger")]
    [InlineData("sequence")]
    [InlineData("treelstm")]
    public void Svg_is_three_pictures_and_html_a_page_of_them(string model)
    {
        XElement svg = XElement.Parse(CommandResult.Of("explain", "--model", model, "--format", "svg").Output);
        string page = CommandResult.Of("explain", "--model", model, "--format", "html").Output;

        int bodies = page.Split("<details>").Length - 1;
        Assert.Equal(model is "tagger" or "sequence" or "treelstm", bodies > 0);
        Assert.Equal(3 + bodies, svg.Elements(svg.Name).Count());
        Assert.Equal(3 + bodies, page.Split("<svg").Length - 1);
        Assert.Contains("batched, with gradients", page, StringComparison.Ordinal);
    }
}
