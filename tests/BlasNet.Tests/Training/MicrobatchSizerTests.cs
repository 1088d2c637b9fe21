using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>How many examples a microbatch takes: 95 % of the budget, by what earlier ones took for each element.</summary>
public sealed class MicrobatchSizerTests
{
    private readonly MicrobatchSizer _sizer = new() { Budget = 2000 };

    [Fact]
    public void Before_the_first_plan_an_element_is_taken_to_need_16_bytes() => AssertRoomUpTo(118);   // 0.95 · 2000 / 16

    [Fact]
    public void A_plan_tells_the_bytes_of_an_element_and_what_does_not_grow()
    {
        _sizer.Add(100, Memory(arena: 600, data: 200, always: 1000));

        AssertRoomUpTo(118);   // 0.95 · (2000 − 1000) / 8
    }

    /// <summary>A loss that follows from parameters alone has no elements of its own; what was learned is written to checkpoints.</summary>
    [Fact]
    public void A_plan_without_elements_tells_nothing_of_an_element()
    {
        _sizer.Add(0, Memory(arena: 600));

        AssertRoomUpTo(118);
        Assert.Equal(0, _sizer.Sizes.BytesPerElement);
    }

    [Fact]
    public void Values_that_share_memory_take_less_than_a_byte_for_an_element()
    {
        _sizer.Add(1000, Memory(arena: 500));

        AssertRoomUpTo(3800);
    }

    [Fact]
    public void The_next_example_must_fit_too()
    {
        _sizer.AddExample(10);
        AssertRoomUpTo(108);
        _sizer.AddExample(10 + 64);   // moves the mean by a 64th of the difference
        AssertRoomUpTo(107);
    }

    [Fact]
    public void Microbatches_of_less_than_half_the_size_say_nothing_of_an_element()
    {
        _sizer.Add(100, Memory(arena: 800));
        _sizer.Add(49, Memory(arena: 49_000));
        AssertRoomUpTo(237);
        _sizer.Add(50, Memory(arena: 800));
        AssertRoomUpTo(118);
    }

    [Fact]
    public void A_microbatch_grows_while_that_saves_2_percent_of_the_time()
    {
        _sizer.Budget = long.MaxValue;
        _sizer.Add(100, Memory(arena: 800, launches: 10, flops: 1_000_000));
        AssertRoomUpTo(25_000);   // ten launches of 5 µs are 2 % of the time of 250 times 10⁶ operations, at 100 per ns
        _sizer.Add(100, Memory(arena: 800, launches: 5, flops: 1_000_000));
        AssertRoomUpTo(25_000);
    }

    [Fact]
    public void Of_a_microbatch_that_takes_too_much_as_many_examples_are_tried_as_should_fit()
    {
        MicrobatchMemory memory = Memory(arena: 1500, data: 400, always: 1000);   // half of it fits

        Assert.Equal(2, _sizer.Fewer([10, 20, 30, 40], memory));
        Assert.Equal(1, _sizer.Fewer([10, 21, 30, 40], memory));
        Assert.Equal(1, _sizer.Fewer([39, 40], memory));
        Assert.Equal(3, _sizer.Fewer([1, 2, 3, 40], memory));
    }

    [Fact]
    public void An_example_is_as_large_as_its_values_without_the_parameters()
    {
        using var model = new Model(1);
        Graph graph = model.NewGraph();
        Expr x = graph.Input([1f, 2, 3]);
        Op.Tanh(model.Weight("W", 2, 3) * x);

        Assert.Equal(3 + 2 + 2, MicrobatchSizer.ElementsOf(graph, 0, graph.Count));
        Assert.Equal(2 + 2, MicrobatchSizer.ElementsOf(graph, x.Index + 1, graph.Count));
    }

    private void AssertRoomUpTo(long elements) => Assert.Equal((true, false), (_sizer.HasRoom(elements), _sizer.HasRoom(elements + 1)));

    private static MicrobatchMemory Memory(long arena, long data = 0, long always = 0, int launches = 0, long flops = 0) =>
        new(arena, data, always, launches, flops);
}
