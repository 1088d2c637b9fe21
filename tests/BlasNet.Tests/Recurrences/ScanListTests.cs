using BlasNet.Graphs;

namespace BlasNet.Tests.Recurrences;

/// <summary>The list that a scan has as its attribute.</summary>
public sealed class ScanListTests
{
    // Two starts; vertices 0 and 1 in the first level, 2 in the second, which starts from both; a slot of 1 is empty.
    private static readonly int[] Predecessors = [0, 1, 1, -1, 2, 3];

    [Fact]
    public void Levels_and_predecessors_are_what_was_put_in()
    {
        var list = new ScanList(Tree());

        Assert.Equal((2, 2, 2, 3), (list.Slots, list.Starts, list.Levels, list.Count));
        Assert.Equal((0, 2, 2, 3), (list.StartOf(0), list.EndOf(0), list.StartOf(1), list.EndOf(1)));
        Assert.Equal(2, list.Width);
        Assert.Equal([1, -1], list.PredecessorsOf(1));
        Assert.Equal([2, 3], list.PredecessorsOf(2));
    }

    [Fact]
    public void Edges_are_found_from_the_vertex_that_they_lead_from()
    {
        var list = new ScanList(Tree());

        Assert.Equal([2], list.EdgesFrom(0));       // slot 0 of vertex 2
        Assert.Equal([3 + 2], list.EdgesFrom(1));   // slot 1 of vertex 2
        Assert.Empty(list.EdgesFrom(2).ToArray());
    }

    [Theory, InlineData(0, 0, 2, 2), InlineData(1, 0, 2, 1), InlineData(1, 1, 2, 1), InlineData(0, 2, 3, 1)]
    public void Predecessors_that_follow_each_other_are_one_run(int slot, int first, int end, int length) =>
        Assert.Equal(length, new ScanList(Tree()).RunLength(slot, first, end));

    [Fact]
    public void A_run_does_not_go_on_from_the_starts_into_the_vertices()
    {
        int[] list = new int[ScanList.LengthOf(slots: 1, levels: 2, count: 3, edges: 1)];
        ((ReadOnlySpan<int>)[0, 1, 2]).CopyTo(ScanList.Begin(list, slots: 1, starts: 2, ends: [1, 3]));
        ScanList.End(list);

        Assert.Equal(1, new ScanList(list).RunLength(0, 1, 3));
    }

    private static int[] Tree()
    {
        int[] list = new int[ScanList.LengthOf(slots: 2, levels: 2, count: 3, edges: 2)];
        Predecessors.CopyTo(ScanList.Begin(list, slots: 2, starts: 2, ends: [2, 3]));
        ScanList.End(list);
        return list;
    }
}
