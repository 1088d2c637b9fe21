using BlasNet.Execution;
using BlasNet.Fusion;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Planning;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Planning;

/// <summary>What a step of well-known models costs, counted. A change that is right but computes, copies or keeps more than before shows here; one that
/// means to do so, or does with less, changes the numbers.</summary>
public sealed class GoldenCostTests
{
    private const int Size = 6, Words = 9;

    private static readonly Dictionary<string, Func<Model, Func<Graph, int, Expr>>> Models = new()
    {
        ["mlp"] = model =>
        {
            var mlp = new Mlp(model, "mlp", Size, 8, 7, 4);
            return (g, i) => CrossEntropy(mlp.Apply(g.Input([.. Enumerable.Range(i, Size).Select(x => (double)x)])), i % 4);
        },
        ["gelu"] = model =>
        {
            var gelu = Function.Of("gelu", (Expr x) => 0.5 * x * (1 + Erf(Math.Sqrt(0.5) * x)));   // its gradient computes exp, which nothing reads again
            (Linear first, Linear second) = (new(model, "first", 8, Size), new(model, "second", 4, 8));
            return (g, i) => CrossEntropy(second.Apply(gelu.Call(first.Apply(g.Input([.. Enumerable.Range(i, Size).Select(x => (double)x)])))), i % 4);
        },
        ["tagger"] = model =>
        {
            (Embedding words, Lstm lstm, Linear tags) = (new(model, "words", Size, Words), new(model, "lstm", Size, 5), new(model, "tags", 4, 5));
            return (g, i) => Total([.. lstm.Run(Sentence(words, g, i)).Select((h, t) => CrossEntropy(tags.Apply(h), t % 4))]);
        },
        ["bidirectional"] = model =>
        {
            (Embedding words, Linear tags) = (new(model, "words", Size, Words), new(model, "tags", 4, 8));
            BidirectionalSequence both = new(new Gru(model, "forward", Size, 4), new Gru(model, "backward", Size, 4));
            return (g, i) => Total([.. both.Run(Sentence(words, g, i)).Select((h, t) => CrossEntropy(tags.Apply(h), t % 4))]);
        },
        ["tree"] = model =>
        {
            (Embedding words, TreeLstm tree, Linear labels) = (new(model, "words", Size, Words), new(model, "tree", Size, 5), new(model, "labels", 3, 5));
            return (g, i) => Tree(g, words, tree, labels, 1, 3 + i).Loss;
        },
        ["attention"] = model =>
        {
            (Embedding words, Attention attention) = (new(model, "words", Size, Words), new(model, "attention", Size, 5));
            (LayerNormalization norm, Linear labels) = (new(model, "norm", 5), new(model, "labels", 4, 5));
            return (g, i) => CrossEntropy(labels.Apply(norm.Apply(SumColumns(attention.Apply(ConcatenateColumns(Sentence(words, g, i)))))), i % 4);
        },
    };

    /// <summary>Launches; products and their operations; fused cells, how many of them are loops, their steps and buffers; bytes copied, and alive at
    /// once.</summary>
    [Theory]
    [InlineData("mlp", new long[] { 19, 8, 696, 4, 4, 6, 6, 0, 1024 })]
    [InlineData("gelu", new long[] { 13, 5, 384, 2, 2, 19, 19, 0, 1024 })]
    [InlineData("tagger", new long[] { 45, 17, 3040, 12, 12, 158, 118, 972, 6272 })]
    [InlineData("bidirectional", new long[] { 169, 53, 3168, 64, 64, 313, 309, 1652, 11904 })]
    [InlineData("tree", new long[] { 77, 17, 6130, 12, 12, 213, 163, 1052, 10176 })]
    [InlineData("attention", new long[] { 34, 14, 915, 2, 1, 4, 4, 588, 4480 })]
    public void A_step_costs_what_it_did(string name, long[] expected)
    {
        using var model = new Model(1);
        Func<Graph, int, Expr> loss = Models[name](model);
        Graph graph = model.NewGraph();
        Expr all = Total([.. Enumerable.Range(0, 6).Select(i => loss(graph, i))]);
        using var engine = new Engine<float>(model.Store<float>(), new ComputeOptions { ComparesFrom = 0 });
        engine.Prepare(graph, [all], all, [.. model.Parameters]);
        Plan plan = engine.Plan;
        Operator[] launches = [.. plan.Order.ToArray().Select(plan.Graph.OperatorOf)];
        FusedProgram[] cells = [.. launches.OfType<FusedOperator>().Select(cell => cell.Program)];

        long[] costs =
        [
            launches.Length, launches.Count(op => op is IMatrixProduct), plan.Order.ToArray().Sum(plan.Graph.FlopsOf),
            cells.Length, cells.Count(cell => cell.Parts is not null), cells.Sum(cell => cell.Steps.Length), cells.Sum(cell => cell.Buffers.Length),
            plan.CopiedBytes, plan.PeakBytes,
        ];
        Assert.True(costs.SequenceEqual(expected), $"{name} cost {string.Join(", ", expected)}, and now costs {string.Join(", ", costs)}.");
    }

    private static Expr[] Sentence(Embedding words, Graph graph, int example) =>
        [.. Enumerable.Range(0, 2 + example * 3 % 5).Select(t => words.Of(graph, (t * t + example) % Words))];

    // Of as many leaves, split here and there.
    private static (LstmState State, Expr Loss) Tree(Graph graph, Embedding words, TreeLstm tree, Linear labels, int place, int leaves)
    {
        if (leaves == 1)
        {
            LstmState leaf = tree.Leaf(words.Of(graph, place % Words));
            return (leaf, CrossEntropy(labels.Apply(leaf.H), place % 3));
        }

        int left = 1 + place * 7 % (leaves - 1);
        var (a, b) = (Tree(graph, words, tree, labels, 2 * place, left), Tree(graph, words, tree, labels, 2 * place + 1, leaves - left));
        LstmState state = tree.Node(a.State, b.State);
        return (state, CrossEntropy(labels.Apply(state.H), place % 3) + a.Loss + b.Loss);
    }
}
