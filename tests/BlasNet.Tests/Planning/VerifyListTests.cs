using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Operators.Intrinsics;
using BlasNet.Planning;

namespace BlasNet.Tests.Planning;

/// <summary>The rules of ragged stacks and of scans, whose nodes have lists.</summary>
public sealed class VerifyListTests
{
    private static readonly Shape Three = new(3);

    private readonly Graph _graph = new(Precision.Double);

    [Theory, InlineData(1, 4), InlineData(5), InlineData(2, 2, 1)]
    public void Segments_of_all_columns_are_kept(params int[] columns)
    {
        Sum(Stack(5), columns, count: columns.Length);
        Verify.Run(_graph);
    }

    [Theory]
    [InlineData("has an empty segment", 2, 5, 0)]
    [InlineData("has an empty segment", 2, 6, -1)]
    [InlineData("has not the 2 columns of its segments", 3, 1, 4)]
    [InlineData("has not the 2 columns of its segments", 1, 1, 4)]
    [InlineData("reads %1 (broadcast) [3] ×5, not 4 columns", 2, 1, 3)]
    [InlineData("reads %1 (broadcast) [3] ×5, not 6 columns", 2, 1, 5)]
    public void Segments_that_break_a_rule_are_found(string rule, int count, params int[] columns) => AssertRefused(rule, Sum(Stack(5), columns, count));

    [Fact]
    public void A_sum_does_not_read_one_column_for_all_segments() =>
        AssertRefused("reads %0 (constant) [3], not 5 columns", Sum(_graph.Constant([1.0, 2, 3], Three).Index, [1, 4], count: 2));

    // Two examples, of 2 and 3 keys, with one query each: scores of 5 columns.
    [Theory, InlineData(true, 5, true), InlineData(false, 5, true), InlineData(false, 1, false), InlineData(true, 2, false)]
    public void Attention_reads_the_keys_of_all_examples_or_keys_that_they_share(bool shared, int columns, bool fits)
    {
        int keys = shared ? _graph.Constant(new double[3 * columns], new Shape(3, columns)).Index : Stack(columns), queries = Stack(2);
        long list = _graph.AddList([2, 1, 1, 3, 1, 1]);
        int scores = _graph.AppendStack(SegmentProductOperator.Scores, list, [keys, queries], Shape.Scalar, 5, shared: false);
        if (fits || shared)
            Verify.Run(_graph);
        else
            AssertRefused($"reads %{keys} (broadcast) [3], not 5 columns", scores);
    }

    // A start, two vertices that follow it, and one that follows both.
    [Fact]
    public void A_scan_level_by_level_is_kept()
    {
        Scan(count: 3, starts: 1, ends: [2, 3], 0, -1, 0, -1, 1, 2);
        Verify.Run(_graph);
    }

    [Theory]
    [InlineData("has 3 vertices", 2, 3, 2)]
    [InlineData("has 3 vertices", 4, 3, 2)]
    [InlineData("has an empty level, 0", 3, 3, 0)]
    [InlineData("has a vertex, 2, that starts from a later one", 3, 3, 2, 3)]
    [InlineData("has a vertex, 2, that starts from a later one", 3, 3, 2, -2)]
    public void Scans_that_break_a_rule_are_found(string rule, int count, int end, int first, int predecessor = 1) =>
        AssertRefused(rule, Scan(count, starts: 1, ends: [first, end], 0, -1, 0, -1, predecessor, 2));

    [Fact]
    public void A_last_level_of_no_vertices_is_found() => AssertRefused("has an empty level, 1", Scan(count: 2, starts: 1, ends: [2, 2], 0, -1, 0, -1));

    [Fact]
    public void A_vertex_does_not_follow_one_of_its_own_level() =>
        AssertRefused("has a vertex, 0, that starts from a later one", Scan(count: 2, starts: 1, ends: [2], 1, -1, 0, -1));

    private int Stack(int columns) =>
        _graph.AppendStack(BroadcastOperator.Instance, columns, [_graph.Constant([1.0, 2, 3], Three).Index], Three, columns, shared: false);

    private int Sum(int input, int[] columns, int count) =>
        _graph.AppendStack(SegmentSumOperator.Instance, _graph.AddList(columns), [input], Three, count, shared: false);

    private int Scan(int count, int starts, int[] ends, params int[] predecessors)
    {
        const int Slots = 2;
        int[] list = new int[ScanList.LengthOf(Slots, ends.Length, ends[^1], predecessors.Length)];
        predecessors.CopyTo(ScanList.Begin(list, Slots, starts, ends));
        return _graph.AppendStack(new AnyScan(), _graph.AddList(list), [Stack(1)], Three, count, shared: false);
    }

    private void AssertRefused(string rule, int node)
    {
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => Verify.Run(_graph));
        Assert.StartsWith($"Error in BlasNet: node %{node} ", error.Message, StringComparison.Ordinal);
        Assert.Contains(rule, error.Message, StringComparison.Ordinal);
    }

    private sealed class AnyScan() : ScanOperator([Three])
    {
        public override string Name => "scan";

        public override long FlopsOfVertex => 0;

        public override int LaunchesOver(ScanList list) => 0;

        public override long CopiedBy(ScanList list) => 0;

        public override long ScratchOf(ScanList list) => 0;

        public override void Forward<T>(in Operands<T> stack) { }

        public override void Gradient(in GradientContext g) { }
    }
}
