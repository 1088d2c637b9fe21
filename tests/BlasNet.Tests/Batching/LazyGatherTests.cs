using BlasNet.Batching;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Operators.Intrinsics;
using BlasNet.Passes;
using BlasNet.Training;

namespace BlasNet.Tests.Batching;

/// <summary>Gathers that are composed along a chain and become nodes only where they are needed.</summary>
public sealed class LazyGatherTests : IDisposable
{
    private readonly Model _model = new(seed: 1);
    private readonly Graph _source, _target;
    private readonly int _stack;

    public LazyGatherTests()
    {
        (_source, _target) = (_model.NewGraph(), _model.NewGraph());
        _stack = Stack(_source);
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void A_gather_of_one_range_is_a_slice()
    {
        Assert.True(new LazyGather(5, 100).TryCompose(_source, Gather(_source, _stack, 2), out LazyGather place));

        Assert.Equal(new LazyGather(5, 106), place);
    }

    [Fact]
    public void A_gather_of_a_gather_is_not_composed_lazily() =>
        Assert.False(new LazyGather(5, 0, Pattern: Gather(_source, _stack, 2, 0)).TryCompose(_source, Gather(_source, _stack, 0, 2), out _));

    [Fact]
    public void The_same_vectors_are_fetched_of_what_was_computed_of_the_stack()
    {
        Assert.True(new LazyGather(5, 3).TryCompose(_source, Gather(_source, _stack, 2, 0, 2), out LazyGather place));

        Assert.Equal([(9, 3), (3, 3), (9, 3)], Ranges(place, rows: 3));
        LazyGather wider = place.Over(8, rows: 3, newRows: 5), narrower = wider.Over(9, rows: 5, newRows: 2);
        Assert.Equal([(15, 5), (5, 5), (15, 5)], Ranges(wider, rows: 5));
        Assert.Equal([(6, 2), (2, 2), (6, 2)], Ranges(narrower, rows: 2));
    }

    [Fact]
    public void A_slice_of_the_stack_is_a_slice_of_what_was_computed_of_it()
    {
        LazyGather place = new LazyGather(5, 6).Over(8, rows: 3, newRows: 5);

        Assert.Equal(new LazyGather(8, 10), place);
        Assert.Equal([(10, 5)], Ranges(place, rows: 5));
    }

    [Fact]
    public void What_is_needed_as_a_node_becomes_a_gather()
    {
        int gather = Gather(_source, _stack, 2, 0, 2), stack = Stack(_target);
        var operand = new StackBuilder();
        operand.Begin(_target);

        LazyGather made = new LazyGather(stack, 0, Pattern: gather).Materialize(operand, _source, gather);

        Assert.Equal("%0 = input : [3] ×4\n%1 = gather(3 runs) %0 : [3] ×3", _target.ToText().Trim());
        Assert.Equal(new LazyGather(1, 0), made);
        Assert.Equal([new Move(0, 6, 0, 3), new Move(0, 0, 3, 3), new Move(0, 6, 6, 3)], _target.MovesOf(made.Stack).ToArray());
    }

    [Fact]
    public void Gathers_along_a_chain_become_one()
    {
        int first = Gather(_source, _stack, 3, 1, 0), second = Gather(_source, first, 2, 0);
        Op.Tanh(_source.At(second));

        Graph batched = _source.Batch().Graph;

        int tanh = batched.Count - 1, gather = batched.InputsOf(tanh)[0];
        Assert.Equal("tanh", batched.OperatorOf(tanh).Name);
        Assert.Equal([0], batched.InputsOf(gather));
        Assert.Equal([new Move(0, 0, 0, 3), new Move(0, 9, 3, 3)], batched.MovesOf(gather).ToArray());
    }

    // Four vectors of 3.
    private static int Stack(Graph graph)
    {
        int first = graph.Input([0f, 0, 0]).Index;
        long place = graph.AttributeOf(first);
        foreach (int _ in Enumerable.Range(0, 3))
            graph.Data.Add(InputOperator.Instance, new Shape(3), [0f, 0, 0]);

        graph.Clear();
        return graph.AppendStack(InputOperator.Instance, place, [], new Shape(3), 4, shared: false);
    }

    private static int Gather(Graph graph, int stack, params int[] vectors)
    {
        Move[] moves = [.. vectors.Select((vector, i) => new Move(0, 3 * vector, 3 * i, 3))];
        return graph.AppendStack(GatherOperator.Instance, graph.AddMoves(moves), [stack], new Shape(3), vectors.Length, shared: false);
    }

    private List<(int Offset, int Length)> Ranges(LazyGather place, int rows)
    {
        var ranges = new List<(int, int)>();
        foreach (var range in place.RangesOf(_source, rows, rows))
            ranges.Add(range);

        return ranges;
    }
}
