using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Planning;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Planning;

/// <summary>What is computed for well-known cases, launch by launch.</summary>
public sealed class GoldenPlanTests : IDisposable
{
    private readonly Model _model = new(seed: 1);
    private readonly Parameter _w, _b;

    public GoldenPlanTests() => (_w, _b) = (_model.Weight("W", 3, 4), _model.Bias("b", 3));

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Sixteen_products_with_one_weight_become_one_gemm_without_copies() =>
        Assert.Equal("matmul ×16  W=shared %0=view", Values(16, (g, i) => _w * g.Input(Vector(i))));

    [Fact]
    public void A_single_example_is_one_product_with_a_vector() =>
        Assert.Equal("matmul  W=shared %0=view", Values(1, (g, i) => _w * g.Input(Vector(i))));

    [Fact]
    public void Matrices_with_different_numbers_of_columns_become_one_gemm_over_all_their_columns() =>
        Assert.Equal("matmul ×6  W=shared %0=view", Values(3, (g, i) => _w * g.Input(new float[4 * (i + 1)], new Shape(4, i + 1))).Split('\n')[^1]);

    [Fact]
    public void A_bias_that_would_be_added_in_a_sweep_of_its_own_starts_the_sums_of_its_product() =>
        Assert.Equal("affine ×16  W=shared %0=view b=shared", Values(16, (g, i) => _w * g.Input(Vector(i)) + _b));

    [Fact]
    public void Two_uses_of_one_stack_read_it_where_it_lies() =>
        Assert.Equal(
            """
            matmul ×8  W=shared %0=view
            fused(tanh, multiply) ×8  %2=view
            """, Values(8, (g, i) =>
            {
                Expr z = _w * g.Input(Vector(i));
                return Tanh(z) * z;
            }));

    [Fact]
    public void A_layer_and_its_gradient_are_two_gemms_and_a_sweep_between_them() =>
        Assert.Equal(
            """
            affine-tanh ×16  W=shared %0=view b=shared
            cross-entropy ×16  %4=view %3=view
            total ×16  %5=view
            broadcast ×16  %7=shared
            fused(cross-entropy-gradient, tanh-gradient) ×16  %4=view %3=view %8=view %5=view
            outer-product-sum ×16  %9=view %0=view → %12 later +
            total ×16  %9=view later +
            """, Gradients(16, new ComputeOptions()));

    [Fact]
    public void A_recurrence_over_ragged_sentences_copies_nothing_from_step_to_step()
    {
        (Embedding words, Lstm lstm) = (new Embedding(_model, "words", 4, 5), new Lstm(_model, "lstm", 4, 5));
        Graph graph = _model.NewGraph();
        Expr[] losses = [.. Enumerable.Range(2, 4).Select(length => Read(graph, words, lstm, length))];
        Expr loss = Total(losses);
        using var engine = new Engine<float>(_model.Store<float>(), new ComputeOptions { ComparesFrom = 0 });
        engine.Prepare(graph, [loss], loss, [.. _model.Parameters]);

        // Each step after the first reads the products of its words where they lie; in the last two steps they lie in order, which is a view.
        string[] steps = PlanPrinter.Print(engine.Plan).Split('\n');
        string[] cells = [.. steps.Where(step => step.StartsWith("fused(add, sigmoid", StringComparison.Ordinal))];
        Assert.Equal(2, cells.Count(step => step.Contains("=indexed", StringComparison.Ordinal)));

        // Copied are the words' numbers, the states that are summed, and those whose products the weights' gradient is a sum of.
        Assert.Equal(3, steps.Count(step => step.StartsWith("gather", StringComparison.Ordinal)));
    }

    // The sum of the states over a sentence.
    private static Expr Read(Graph graph, Embedding words, Lstm lstm, int length)
    {
        Expr[] vectors = [.. Enumerable.Range(0, length).Select(t => words.Of(graph, t * length % 5))];
        var states = new Expr[length];
        lstm.Run(vectors, states);
        return Total([.. states.Select(Sum)]);
    }

    [Fact]
    public void Without_batching_the_terms_of_a_weights_gradient_add_up_in_one_buffer() =>
        Assert.Equal(
            ["outer-product-sum  %13=view %6=view → %18 later +", "outer-product-sum  %16=view %0=view → %18 +"],
            Gradients(2, new ComputeOptions { Batching = false }).Split('\n').Where(line => line.StartsWith("outer", StringComparison.Ordinal)));

    private string Values(int examples, Func<Graph, int, Expr> function)
    {
        Graph graph = _model.NewGraph();
        Expr[] outputs = [.. Enumerable.Range(0, examples).Select(i => function(graph, i))];
        using var engine = new Engine<float>(_model.Store<float>());
        engine.Prepare(graph, outputs);
        return PlanPrinter.Print(engine.Plan);
    }

    private string Gradients(int examples, ComputeOptions options)
    {
        Graph graph = _model.NewGraph();
        Expr[] losses = [.. Enumerable.Range(0, examples).Select(i => CrossEntropy(Tanh(_w * graph.Input(Vector(i)) + _b), i % 3))];
        Expr loss = Total(losses);
        using var engine = new Engine<float>(_model.Store<float>(), options);
        engine.Prepare(graph, [loss], loss, [_w, _b]);
        return PlanPrinter.Print(engine.Plan);
    }

    private static float[] Vector(int i) => [i, 1, 2, 3];
}
