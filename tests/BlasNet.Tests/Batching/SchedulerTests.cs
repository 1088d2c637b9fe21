using BlasNet.Batching;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Batching;

/// <summary>In which groups, and in which order within them, chains and trees are computed.</summary>
public sealed class SchedulerTests : IDisposable
{
    private readonly Model _model = new(seed: 1);
    private readonly Parameter _w;
    private readonly Graph _graph;
    private readonly Dictionary<int, string> _labels = [];

    public SchedulerTests()
    {
        _w = _model.Weight("W", 2, 2);
        _graph = _model.NewGraph();
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void The_longest_chain_comes_first_so_that_those_that_go_on_are_the_first_of_each_stack()
    {
        var step = Function.Of("step", (Expr h, Expr x) => Op.Tanh(_w * h + x));
        foreach (var (name, length) in new[] { ("a", 1), ("b", 3), ("c", 2) })
        {
            Expr state = Input();
            for (int i = 1; i <= length; i++)
                state = Labelled($"{name}{i}", step.Call(state, Input()));
        }

        Assert.Equal("b1 c1 a1 | b2 c2 | b3", Schedule());
    }

    [Fact]
    public void Chains_of_operators_are_ordered_like_chains_of_calls()
    {
        foreach (var (name, length) in new[] { ("a", 1), ("b", 3), ("c", 2) })
        {
            Expr state = Input();
            for (int i = 1; i <= length; i++)
                state = Labelled($"{name}{i}", Op.Tanh(_w * state));
        }

        Assert.Equal("b1 c1 a1 | b2 c2 | b3", Schedule());
    }

    [Fact]
    public void The_nodes_of_trees_stay_in_the_order_of_their_data()
    {
        var leaf = Function.Of("leaf", (Expr x) => Op.Tanh(x));
        var phrase = Function.Of("phrase", (Expr left, Expr right) => Op.Tanh(_w * left + right));
        Expr Leaf(string name) => Labelled(name, leaf.Call(Input()));
        Expr Phrase(string name, Expr left, Expr right) => Labelled(name, phrase.Call(left, right));

        Phrase("ab", Leaf("a"), Leaf("b"));
        Phrase("(cd)(ef)", Phrase("cd", Leaf("c"), Leaf("d")), Phrase("ef", Leaf("e"), Leaf("f")));

        Assert.Equal("a b c d e f | ab cd ef | (cd)(ef)", Schedule());
    }

    [Fact]
    public void What_waits_for_nothing_of_its_own_waits_for_the_rest_of_its_signature()
    {
        // The sums of a are ready at once, those of b after two steps more: all of them run together.
        foreach (var (name, length) in new[] { ("a", 1), ("b", 3) })
        {
            Expr state = Input();
            for (int i = 0; i < length; i++)
                state = Op.Tanh(_w * state);

            Labelled(name, Op.Sum(state));
        }

        Assert.Equal("a b", Schedule());
    }

    /// <summary>In the first graph the first signature has three levels; in the second one its values become ready one after another.</summary>
    [Fact]
    public void What_was_scheduled_before_does_not_count()
    {
        var scheduler = new Scheduler();
        Op.Tanh(Op.Tanh(Op.Tanh(Input())));
        Schedule(scheduler);

        _graph.Clear();
        for (int i = 1; i <= 2; i++)
        {
            Labelled($"a{i}", Op.Tanh(Input()));
            Labelled($"c{i}", Op.Tanh(Labelled($"b{i}", Op.Square(Op.Exp(Op.Sigmoid(Input()))))));
        }

        Assert.Equal("b1 b2 | a1 a2 c1 c2", Schedule(scheduler));
    }

    [Fact]
    public void More_signatures_than_levels_are_counted_for_are_ordered_by_mean_depth()
    {
        foreach (string name in new[] { "a", "b" })
        {
            Expr value = Input();
            for (int i = 1; i <= LaunchBound.MaxSignatures + 2; i++)
                value = Labelled($"{name}{i}", Op.Slice(Op.Concatenate(value, value), i % 3, 2 + (i / 3)));
        }

        string[] groups = Schedule().Split(" | ");

        Assert.Equal(Enumerable.Range(1, LaunchBound.MaxSignatures + 2).Select(i => $"a{i} b{i}"), groups);
    }

    private Expr Input() => _graph.Input([1f, 2]);

    private Expr Labelled(string label, Expr expression)
    {
        int node = expression.Index;
        _labels.Add(_graph.OperatorOf(node).Storage == Storage.Result ? _graph.InputsOf(node)[0] : node, label);
        return expression;
    }

    // The groups, with the labels of their values; those without labels are left out.
    private string Schedule(Scheduler? used = null)
    {
        var numbering = new ValueNumbering();
        var signatures = new Signatures();
        Scheduler scheduler = used ?? new Scheduler();
        numbering.Run(_graph);
        signatures.Run(_graph, numbering);
        scheduler.Run(_graph, numbering, signatures);
        var groups = Enumerable.Range(0, scheduler.GroupCount).Select(group =>
            string.Join(' ', scheduler.Group(group).ToArray().Select(value => _labels.GetValueOrDefault(numbering.Nodes[value])).OfType<string>()));
        return string.Join(" | ", groups.Where(group => group.Length > 0));
    }
}
