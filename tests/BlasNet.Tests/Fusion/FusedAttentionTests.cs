using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Fusion;

/// <summary>Where attention is one launch: nothing else reads its scores.</summary>
public sealed class FusedAttentionTests : IDisposable
{
    private readonly Model _model = new(seed: 1);
    private readonly Graph _graph;

    public FusedAttentionTests() => _graph = _model.NewGraph();

    public void Dispose() => _model.Dispose();

    [Theory, InlineData("attention", 3, 3), InlineData("segment-attention", 3, 5)]
    public void Without_a_gradient_it_is_one_launch_for_all_examples(string name, int first, int second)
    {
        Expr[] results = [Attend(first), Attend(second)];
        Assert.Equal([name], Launches(results).Where(IsOfAttention));
    }

    [Fact]
    public void A_gradient_reads_the_weights_which_are_kept()
    {
        Parameter weight = _model.Weight("W", 4, 4);
        string[] launches = Launches([], weight, Op.Total(Op.Sum(Attend(3, weight)), Op.Sum(Attend(5, weight))));
        Assert.Contains("segment-scores", launches);
        Assert.Contains("segment-softmax", launches);
        Assert.DoesNotContain("segment-attention", launches);
    }

    // For one example: the keys are a parameter, so the scores of equal queries are the same for all and are computed once.
    [Fact]
    public void Scores_that_all_examples_share_are_computed_once()
    {
        Expr keys = _graph.Use(_model.Weight("K", 4, 3));
        Expr[] results = [.. Enumerable.Range(0, 2).Select(_ => Op.Attention(keys, keys, Data(4, 3)))];
        Assert.Equal(["attention-by-query", "attention-scores", "attention-softmax"], Launches(results).Where(IsOfAttention).Order());
    }

    private static bool IsOfAttention(string name) =>
        name.Contains("attention", StringComparison.Ordinal) || (name.StartsWith("segment", StringComparison.Ordinal) && name != "segment-sum");

    private Expr Attend(int columns, Parameter? weight = null)
    {
        Expr keys = Data(4, columns + 1);
        return Op.Attention(Data(4, columns), weight is null ? keys : weight * keys, Data(6, columns + 1), heads: 2);
    }

    private Expr Data(int rows, int columns)
    {
        var random = new Random(columns + _graph.Count);
        return _graph.Input([.. Enumerable.Range(0, rows * columns).Select(_ => random.NextDouble())], new Shape(rows, columns));
    }

    private string[] Launches(Expr[] outputs, Parameter? parameter = null, Expr? loss = null)
    {
        using var engine = new Engine<float>(_model.Store<float>());
        if (parameter is not null && loss is { } minimized)
            engine.Prepare(_graph, [minimized], minimized, [parameter]);
        else
            engine.Prepare(_graph, outputs);

        return [.. engine.Plan.Order.ToArray().Select(node => engine.Plan.Graph.OperatorOf(node).Name)];
    }
}
