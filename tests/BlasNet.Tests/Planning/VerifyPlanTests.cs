using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Operators.Intrinsics;
using BlasNet.Planning;

namespace BlasNet.Tests.Planning;

/// <summary>Each rule of the verifier for plans, by a plan that breaks it, beside one that just keeps it.</summary>
public sealed class VerifyPlanTests : VerifyCase
{
    [Fact]
    public void A_plan_keeps_the_rules() => Verify.Run(PlanOf(Chain(), out int[] outputs), outputs);

    [Fact]
    public void A_value_that_is_read_before_it_is_computed_is_found()
    {
        Plan plan = PlanOf(Chain(), out int[] outputs);
        Array.Reverse(plan.Steps, 0, plan.StepCount);
        AssertRefused("before it is computed", () => Verify.Run(plan, outputs));
    }

    [Fact]
    public void An_output_that_is_not_computed_is_found()
    {
        Plan plan = PlanOf(Chain(), out int[] outputs);
        plan.StepCount--;
        AssertRefused("before it is computed", () => Verify.Run(plan, outputs));
    }

    [Fact]
    public void A_value_that_is_computed_into_no_place_is_found()
    {
        Plan plan = PlanOf(Chain(), out int[] outputs);
        plan[outputs[0]] = plan[outputs[0]] with { Space = Space.None };
        AssertRefused("is computed but has no place", () => Verify.Run(plan, outputs));
    }

    [Fact]
    public void A_value_in_the_gradient_buffer_is_not_read()
    {
        Plan plan = PlanOf(Chain(), out int[] outputs);
        plan[plan.Order[0]] = plan[plan.Order[0]] with { Space = Space.Gradients };
        AssertRefused("from the gradient buffer", () => Verify.Run(plan, outputs));
    }

    /// <summary>A value that lies in the gradient buffer because it is a term of the sum there is read by that sum, and by no other node.</summary>
    [Theory, InlineData(true), InlineData(false)]
    public void Only_a_sum_reads_its_terms_from_the_gradient_buffer(bool isTerm)
    {
        (Plan plan, int product, int total) = GradientOfOneTerm();
        plan[product] = isTerm ? plan[total].Term(Beta.ZeroThenOne) : Placement.Own(product, Space.Gradients);
        if (isTerm)
            Verify.Run(plan, []);
        else
            AssertRefused("from the gradient buffer", () => Verify.Run(plan, []));
    }

    [Fact]
    public void The_first_term_of_a_sum_overwrites()
    {
        (Plan plan, int product, int total) = GradientOfOneTerm();
        plan[product] = plan[total].Term(Beta.One);
        AssertRefused("adds to what nothing has written", () => Verify.Run(plan, []));
    }

    [Theory, InlineData((byte)Beta.Zero), InlineData((byte)Beta.ZeroThenOne)]
    public void A_sum_adds_what_is_left_to_its_terms(byte beta)
    {
        (Plan plan, int product, int total) = GradientOfOneTerm();
        plan[product] = plan[total].Term(Beta.ZeroThenOne);
        plan[total] = plan[total].With((Beta)beta);
        AssertRefused("overwrites what has been added before", () => Verify.Run(plan, []));
    }

    [Fact]
    public void Only_a_gradient_adds_in_later_microbatches()
    {
        Plan plan = PlanOf(Chain(), out int[] outputs);
        plan[outputs[0]] = plan[outputs[0]].With(Beta.ZeroThenOne);
        AssertRefused("adds in later microbatches, but is no gradient", () => Verify.Run(plan, outputs));
    }

    [Fact]
    public void A_term_of_no_sum_is_found()
    {
        Plan plan = PlanOf(Fork(out int first, out int second), out int[] outputs);
        plan[second] = plan[first].Term(Beta.One);
        AssertRefused($"is computed into the wrong place of %{first}", () => Verify.Run(plan, outputs));
    }

    [Fact]
    public void A_slice_in_the_place_of_another_is_found()
    {
        int a = Append(TanhOperator.Instance, [Input()], Three), b = Append(SoftmaxOperator.Instance, [0], Three);
        long moves = Graph.AddMoves([new Move(0, 0, 0, 3), new Move(1, 0, 3, 3)]);
        int gather = Append(GatherOperator.Instance, [a, b], Three, count: 2, attribute: moves);
        Plan plan = PlanOf(gather, out int[] outputs);
        Verify.Run(plan, outputs);

        plan[b] = plan[gather].Slice(0);
        AssertRefused($"is computed into the wrong place of %{gather}", () => Verify.Run(plan, outputs));
    }

    [Fact]
    public void A_buffer_within_a_buffer_is_found()
    {
        (Plan plan, int product, int total) = GradientOfOneTerm();
        plan[product] = plan[total].Term(Beta.ZeroThenOne);
        plan[total] = plan[total] with { Buffer = 0 };
        AssertRefused($"lies in %{total}, which has no buffer of its own", () => Verify.Run(plan, []));
    }

    [Fact]
    public void A_sum_that_overwrites_its_operand_is_found()
    {
        Plan plan = PlanOf(Append(TotalOperator.Instance, [Append(TanhOperator.Instance, [Input()], Three, count: 2)], Three), out int[] outputs);
        plan[outputs[0]] = plan[outputs[0]] with { Offset = plan[outputs[0] - 1].Offset };
        AssertRefused($"overwrites %{outputs[0] - 1} while it reads it", () => Verify.Run(plan, outputs));
    }

    /// <summary>Of two values that are needed at once the second lies so many elements from the first.</summary>
    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(-2)]
    public void Values_that_are_needed_at_once_and_overlap_are_found(int distance)
    {
        Plan plan = PlanOf(Fork(out int first, out int second), out int[] outputs);
        plan[second] = plan[second] with { Offset = plan[first].Offset + distance };
        AssertRefused($"reads %{first} outside its place, or after that has been used again", () => Verify.Run(plan, outputs));
    }

    [Theory, InlineData(3), InlineData(-3)]
    public void Values_beside_each_other_do_not_overlap(int distance)
    {
        Plan plan = PlanOf(Fork(out int first, out int second), out int[] outputs);
        plan[first] = plan[first] with { Offset = 100 };
        plan[second] = plan[second] with { Offset = 100 + distance };
        plan[outputs[0]] = plan[outputs[0]] with { Offset = 200 };
        Verify.Run(plan, outputs);
    }

    [Fact]
    public void A_place_in_the_gradient_buffer_is_none_in_the_arena()
    {
        Expr x = Graph.At(Input()), value = Op.Softmax(x), gradient = Op.Tanh(x), reader = Op.Softmax(value);
        var plan = new Plan();
        new BufferPlanner().Run(plan, Graph, [reader.Index, gradient.Index], [], []);
        plan[gradient.Index] = Placement.Own(gradient.Index, Space.Gradients, plan[value.Index].Offset);
        Verify.Run(plan, [reader.Index]);
    }

    [Fact]
    public void A_view_outside_its_buffer_is_found()
    {
        int owner = Op.Tanh(Graph.At(Input())).Index;
        int view = Append(ReshapeOperator.Instance, [owner], new Shape(1, 3), attribute: new Shape(1, 3).ToAttribute());
        Plan plan = PlanOf(view, out int[] outputs);
        Verify.Run(plan, outputs);

        plan[view] = plan[view] with { Offset = 1 };
        AssertRefused("outside its place, or after that has been used again", () => Verify.Run(plan, outputs));
    }

    /// <summary>A gather that nobody computes is read where its vectors lie, so these must be there still.</summary>
    [Fact]
    public void An_indexed_value_whose_vectors_are_gone_is_found()
    {
        int vectors = Append(TanhOperator.Instance, [Input()], Three, count: 2);
        int indexed = Gather(vectors, new Move(0, 3, 0, 3), new Move(0, 0, 3, 3));
        int reader = Gather(indexed, new Move(0, 3, 0, 3), new Move(0, 0, 3, 3));
        Plan plan = PlanOf(reader, out int[] outputs);
        Assert.True(plan[indexed].IsIndexed);
        Verify.Run(plan, outputs);

        plan.Steps[0] = plan.Steps[plan.StepCount - 1];
        AssertRefused($"reads %{vectors} before it is computed", () => Verify.Run(plan, outputs));
    }

    [Fact]
    public void Results_are_computed_with_their_owner()
    {
        int owner = Graph.AppendWithResults(new TwoResults(), 0, [Input()], Three, 1, shared: false);
        int reader = Append(AddOperator.Instance, [owner + 1, owner + 2], Three);
        Plan plan = PlanOf(reader, out int[] outputs);
        Verify.Run(plan, outputs);

        plan[owner + 2] = plan[owner + 2] with { Offset = plan[owner + 1].Offset };
        AssertRefused($"reads %{owner + 1} outside its place, or after that has been used again", () => Verify.Run(plan, outputs));
    }

    [Fact]
    public void A_node_before_an_owner_of_results_is_not_one_of_them()
    {
        int before = Op.Tanh(Graph.At(Input())).Index;
        int owner = Graph.AppendWithResults(new TwoResults(), 0, [0], Three, 1, shared: false);
        Plan plan = PlanOf(Append(AddOperator.Instance, [before, owner + 1], Three), out int[] outputs);
        Assert.Equal(before, plan.Order[0]);
        plan.Order[1..].CopyTo(plan.Steps);
        plan.StepCount--;
        AssertRefused($"reads %{before} before it is computed", () => Verify.Run(plan, outputs));
    }

    [Fact]
    public void A_result_that_is_read_but_has_no_place_is_found()
    {
        int owner = Graph.AppendWithResults(new TwoResults(), 0, [Input()], Three, 1, shared: false);
        Plan plan = PlanOf(Append(AddOperator.Instance, [owner + 1, owner + 2], Three), out int[] outputs);
        plan[owner + 2] = plan[owner + 2] with { Space = Space.None };
        AssertRefused($"reads %{owner + 2} before it is computed", () => Verify.Run(plan, outputs));
    }
}
