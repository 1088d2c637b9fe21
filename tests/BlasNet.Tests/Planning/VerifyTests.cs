using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Tests.Planning;

/// <summary>Each rule of the verifier for graphs, by a graph that breaks it, beside one that just keeps it.</summary>
public sealed class VerifyTests : VerifyCase
{
    [Fact]
    public void A_value_of_no_vectors_is_found() => AssertRefused("has an empty value", Append(TanhOperator.Instance, [Input()], Three, count: 0));

    [Fact]
    public void A_value_of_no_rows_is_found() => AssertRefused("has an empty value", Append(TanhOperator.Instance, [Input()], default));

    [Fact]
    public void The_first_node_is_checked() => AssertRefused("has an empty value", Append(TanhOperator.Instance, [], default));

    [Fact]
    public void A_scalar_is_kept() => AssertKept(Graph.Constant(1).Index);

    [Fact]
    public void AGraph_is_checked_up_to_its_last_node_and_no_further()
    {
        while (Graph.Count < Graph.Capacity)
            Input();

        AssertKept(Graph.Count - 1);
    }

    [Theory, InlineData(-1), InlineData(1), InlineData(2)]
    public void An_input_that_does_not_come_before_its_reader_is_found(int input)
    {
        Input();
        AssertRefused($"reads %{input}, which does not come before it", Append(TanhOperator.Instance, [input], Three));
    }

    [Fact]
    public void The_first_node_may_be_read() => AssertKept(Append(TanhOperator.Instance, [Input()], Three));

    [Fact]
    public void Stacks_of_different_sizes_are_found()
    {
        int two = Append(TanhOperator.Instance, [Input()], Three, count: 2);
        AssertRefused("reads a stack of 2", Append(TanhOperator.Instance, [two], Three, count: 3));
    }

    [Fact]
    public void A_stack_reads_one_value_a_stack_of_its_size_or_whole_stacks()
    {
        int one = Input(), two = Append(TanhOperator.Instance, [one], Three, count: 2);
        int sum = Append(AddOperator.Instance, [one, two], Three, count: 2);
        AssertKept(Append(TotalOperator.Instance, [sum], Three));
    }

    [Fact]
    public void A_stack_that_is_shared_is_found()
    {
        int constant = Graph.Constant(1).Index, stack = Graph.AppendStack(BroadcastOperator.Instance, 2, [constant], Shape.Scalar, 2, shared: true);
        AssertRefused("is shared, but no single value", stack);
    }

    [Fact]
    public void What_reads_an_examples_value_is_not_shared()
    {
        int input = Input();
        AssertRefused($"is shared, but reads %{input}, which is not", Graph.AppendStack(TanhOperator.Instance, 0, [input], Three, 1, shared: true));
    }

    [Fact]
    public void A_shape_that_the_operator_would_not_infer_is_found() => AssertRefused("should be [3]", Append(TanhOperator.Instance, [Input()], new Shape(2)));

    [Fact]
    public void A_view_of_another_shape_is_found() =>
        AssertRefused("should be [1 × 3]", Append(ReshapeOperator.Instance, [Input()], new Shape(3), attribute: new Shape(1, 3).ToAttribute()));

    // [input, source, target, length] of the runs; the input has six elements, as the gather.
    [Theory]
    [InlineData("has not the input of", 1, 0, 0, 6)]
    [InlineData("has not the input of", -1, 0, 0, 6)]
    [InlineData("has moves that do not follow each other", 0, 0, 3, 3)]
    [InlineData("has moves that do not follow each other", 0, 0, 0, 3, 0, 0, 0, 3)]
    [InlineData("reads outside its input", 0, -1, 0, 6)]
    [InlineData("reads outside its input", 0, 1, 0, 6)]
    [InlineData("reads outside its input", 0, 0, 0, 0)]
    [InlineData("reads outside its input", 0, 6, 0, 1)]
    [InlineData("writes outside itself", 0, 0, 0, 6, 0, 0, 6, 1)]
    [InlineData("covers 3 of its 6 elements", 0, 0, 0, 3)]
    public void Runs_of_a_gather_that_break_a_rule_are_found(string rule, params int[] numbers) => AssertRefused(rule, Moves(GatherOperator.Instance, numbers));

    [Theory]
    [InlineData("has not the input of", 2, 0, 0, 6)]
    [InlineData("reads outside its input", 0, 4, 0, 3)]
    [InlineData("writes outside itself", 0, 0, -1, 3)]
    [InlineData("writes outside itself", 0, 0, 4, 3)]
    public void Runs_of_a_scatter_add_that_break_a_rule_are_found(string rule, params int[] numbers) =>
        AssertRefused(rule, Moves(ScatterAddOperator.Instance, numbers));

    [Fact]
    public void Runs_up_to_the_borders_are_kept()
    {
        Moves(GatherOperator.Instance, [0, 3, 0, 3, 0, 2, 3, 1, 0, 0, 4, 2]);
        AssertKept(Moves(ScatterAddOperator.Instance, [0, 0, 3, 3, 0, 5, 5, 1]));
    }

    [Fact]
    public void Results_right_after_their_owner_are_kept()
    {
        int owner = Graph.AppendWithResults(new TwoResults(), 0, [Input()], Three, 1, shared: false);
        AssertKept(Append(AddOperator.Instance, [owner + 1, owner + 2], Three));
    }

    [Fact]
    public void A_result_that_is_not_in_its_place_is_found()
    {
        int owner = Append(new TwoResults(), [Input()], Three);
        Append(ResultOperator.Instance, [owner], Three);
        AssertRefused($"is result 0 of %{owner}, but not in its place", Append(ResultOperator.Instance, [owner], Three));
    }

    [Fact]
    public void A_result_before_its_place_is_found()
    {
        int owner = Append(new TwoResults(), [Input()], Three);
        AssertRefused($"is result 1 of %{owner}, but not in its place", Append(ResultOperator.Instance, [owner], Three, attribute: 1));
    }

    [Fact]
    public void A_result_of_another_shape_is_found()
    {
        int owner = Append(new TwoResults(), [Input()], Three);
        AssertRefused("has not the shape of the result", Append(ResultOperator.Instance, [owner], new Shape(2)));
    }
}
