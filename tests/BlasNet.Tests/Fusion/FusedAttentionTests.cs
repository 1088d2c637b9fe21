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

    /// <summary>Where a sequence attends to itself: its scores are not kept for the gradient, but computed again.</summary>
    [Theory, InlineData("attention", 3, 3), InlineData("segment-attention", 3, 5)]
    public void With_its_gradient_it_is_two_launches_for_all_examples(string name, int first, int second)
    {
        Parameter weight = _model.Weight("W", 4, 4);
        string[] launches = Launches([], weight, Op.Total(Within(first, weight), Within(second, weight)));
        Assert.Equal([name, $"{name}-gradient"], launches.Where(IsOfAttention));
    }

    [Fact]
    public void A_gradient_of_other_shapes_reads_the_weights_which_are_kept()
    {
        Parameter weight = _model.Weight("W", 4, 4);
        string[] launches = Launches([], weight, Op.Total(Op.Sum(Attend(3, weight)), Op.Sum(Attend(5, weight))));
        Assert.Contains("segment-scores", launches);
        Assert.Contains("segment-softmax", launches);
        Assert.DoesNotContain("segment-attention", launches);
    }

    /// <summary>Weights that are wanted besides, and those of which some are dropped.</summary>
    [Theory, InlineData(true), InlineData(false)]
    public void A_gradient_whose_weights_something_else_reads_is_several_launches(bool drops)
    {
        Parameter weight = _model.Weight("W", 4, 4);
        _graph.IsTraining = true;
        Expr x = weight * Data(4, 3), loss = Op.Sum(Op.Square(Op.Attention(x, x, x, dropout: drops ? 0.5 : 0)));
        Expr softmax = _graph.At(Enumerable.Range(0, _graph.Count).Single(node => _graph.OperatorOf(node).Name == "attention-softmax"));
        string[] launches = Launches([softmax], weight, drops ? loss : loss + Op.Sum(Op.Square(softmax)));
        Assert.Contains("attention-softmax", launches);
        Assert.DoesNotContain("attention-gradient", launches);
    }

    /// <summary>Long enough for several blocks of queries; some of the matrices have no gradient, or one from elsewhere too.</summary>
    [Theory, InlineData(false, false), InlineData(true, false), InlineData(false, true)]
    public void Its_gradient_is_that_of_the_definition(bool isLong, bool hasOthers)
    {
        using var model = new Model(seed: 2, Precision.Double);
        Parameter q = model.Weight("Q", 4, 4), k = model.Weight("K", 4, 4), v = model.Weight("V", 4, 4);
        int[] lengths = isLong ? [140, 131] : [3, 5, 1, 3];
        GradientDifference worst = GradientCheck.Run(
            model,
            (g, columns) =>
            {
                Expr x = g.Input([.. Enumerable.Range(0, 4 * columns).Select(i => Math.Sin(i * i))], new Shape(4, columns)), keys = k * x;
                Expr y = Op.Attention(q * x, keys, v * x, heads: 2);
                return Op.Sum(Op.Square(y)) + (hasOthers ? Op.Sum(Op.Tanh(keys)) : g.Constant(0));
            },
            lengths,
            orders: isLong ? 1 : 2);
        Assert.InRange(worst.Relative, 0, 1e-6);
    }

    // For one example: the keys are a parameter, so the scores of equal queries are the same for all and are computed once.
    [Fact]
    public void Scores_that_all_examples_share_are_computed_once()
    {
        Expr keys = _graph.Use(_model.Weight("K", 4, 3));
        Expr[] results = [.. Enumerable.Range(0, 2).Select(_ => Op.Attention(keys, keys, Data(4, 3)))];
        Assert.Equal(["attention-by-query", "attention-scores", "attention-softmax"], Launches(results).Where(IsOfAttention).Order());
    }

    public static MatrixTheoryData<bool, bool, bool> Sharings => new([false, true], [false, true], [false, true]);

    /// <summary>By plain loops: each head's softmax(Kᵀ·q / √2), and the mean of V by it.</summary>
    [Theory, MemberData(nameof(Sharings))]
    public void A_query_has_its_mean_whichever_operands_all_examples_share(bool sharesKeys, bool sharesValues, bool isRagged)
    {
        const int Rows = 4, Keys = 3;
        using var model = new Model(seed: 3, Precision.Double);
        Parameter k = model.Weight("K", Rows, Keys), v = model.Weight("V", Rows, Keys);
        var evaluator = new Evaluator<int>(model, (g, n) => Op.Attention(
            g.Input(Queries(n), new Shape(Rows, Queries(n).Length / Rows)),
            sharesKeys ? g.Use(k) : g.Input(KeysOf(n), new Shape(Rows, Keys)),
            sharesValues ? g.Use(v) : g.Input(ValuesOf(n), new Shape(Rows, Keys)), heads: 2));
        evaluator.RunDouble(
            [0, 1, 2, 3], (n, value) => Assert.Equal(Mean(Queries(n), KeysOf(n), ValuesOf(n)), value.ToArray(), (a, b) => Math.Abs(a - b) < 1e-12),
            TestContext.Current.CancellationToken);

        double[] Queries(int n) => Numbers(n, Rows * (isRagged ? n + 1 : 2));
        double[] KeysOf(int n) => sharesKeys ? model.ValuesOf(k) : Numbers(n + 10, Rows * Keys);
        double[] ValuesOf(int n) => sharesValues ? model.ValuesOf(v) : Numbers(n + 20, Rows * Keys);

        static double[] Numbers(int seed, int count)
        {
            var random = new Random(seed);
            return [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextDouble()) - 1)];
        }

        static double[] Mean(double[] queries, double[] keys, double[] values) => [.. queries.Select((_, element) =>
        {
            int query = element / Rows * Rows, row = element % Rows, head = row / 2 * 2;
            double[] weights = [.. Enumerable.Range(0, Keys).Select(key => Math.Exp(
                ((keys[(key * Rows) + head] * queries[query + head]) + (keys[(key * Rows) + head + 1] * queries[query + head + 1])) / Math.Sqrt(2)))];
            return weights.Select((weight, key) => weight * values[(key * Rows) + row]).Sum() / weights.Sum();
        })];
    }

    private static bool IsOfAttention(string name) =>
        name.Contains("attention", StringComparison.Ordinal)
        || (name.StartsWith("segment", StringComparison.Ordinal) && name is not ("segment-sum" or "segment-repeat"));

    private Expr Attend(int columns, Parameter? weight = null)
    {
        Expr keys = Data(4, columns + 1);
        return Op.Attention(Data(4, columns), weight is null ? keys : weight * keys, Data(6, columns + 1), heads: 2);
    }

    private Expr Within(int columns, Parameter weight)
    {
        Expr x = weight * Data(4, columns);
        return Op.Sum(Op.Square(Op.Attention(x, weight * x, Op.Tanh(x), heads: 2)));
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
            engine.Prepare(_graph, [minimized, .. outputs], minimized, [parameter]);
        else
            engine.Prepare(_graph, outputs);

        return [.. engine.Plan.Order.ToArray().Select(node => engine.Plan.Graph.OperatorOf(node).Name)];
    }
}
