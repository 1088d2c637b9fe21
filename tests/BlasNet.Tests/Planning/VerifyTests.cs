using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Operators.Intrinsics;
using BlasNet.Planning;

namespace BlasNet.Tests.Planning;

/// <summary>Each rule of the verifier, by a graph or a plan that breaks it, beside one that just keeps it.</summary>
public sealed class VerifyTests
{
    private static readonly Shape Three = new(3);

    private readonly Graph _graph = new(Precision.Double);

    [Fact]
    public void A_value_of_no_vectors_is_found() => AssertRefused("has an empty value", Append(TanhOperator.Instance, [Input()], Three, count: 0));

    [Fact]
    public void A_value_of_no_rows_is_found() => AssertRefused("has an empty value", Append(TanhOperator.Instance, [Input()], default));

    [Fact]
    public void The_first_node_is_checked() => AssertRefused("has an empty value", Append(TanhOperator.Instance, [], default));

    [Fact]
    public void A_scalar_is_kept() => AssertKept(_graph.Constant(1).Index);

    [Fact]
    public void A_graph_is_checked_up_to_its_last_node_and_no_further()
    {
        while (_graph.Count < _graph.Capacity)
            Input();

        AssertKept(_graph.Count - 1);
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
        int constant = _graph.Constant(1).Index, stack = _graph.AppendStack(BroadcastOperator.Instance, 2, [constant], Shape.Scalar, 2, shared: true);
        AssertRefused("is shared, but no single value", stack);
    }

    [Fact]
    public void What_reads_an_examples_value_is_not_shared()
    {
        int input = Input();
        AssertRefused($"is shared, but reads %{input}, which is not", _graph.AppendStack(TanhOperator.Instance, 0, [input], Three, 1, shared: true));
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
        int owner = _graph.AppendWithResults(new TwoResults(), 0, [Input()], Three, 1, shared: false);
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
        long moves = _graph.AddMoves([new Move(0, 0, 0, 3), new Move(1, 0, 3, 3)]);
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
        Expr x = _graph.At(Input()), value = Op.Softmax(x), gradient = Op.Tanh(x), reader = Op.Softmax(value);
        var plan = new Plan();
        new BufferPlanner().Run(plan, _graph, [reader.Index, gradient.Index], [], []);
        plan[gradient.Index] = Placement.Own(gradient.Index, Space.Gradients, plan[value.Index].Offset);
        Verify.Run(plan, [reader.Index]);
    }

    [Fact]
    public void A_view_outside_its_buffer_is_found()
    {
        int owner = Op.Tanh(_graph.At(Input())).Index;
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
        int owner = _graph.AppendWithResults(new TwoResults(), 0, [Input()], Three, 1, shared: false);
        int reader = Append(AddOperator.Instance, [owner + 1, owner + 2], Three);
        Plan plan = PlanOf(reader, out int[] outputs);
        Verify.Run(plan, outputs);

        plan[owner + 2] = plan[owner + 2] with { Offset = plan[owner + 1].Offset };
        AssertRefused($"reads %{owner + 1} outside its place, or after that has been used again", () => Verify.Run(plan, outputs));
    }

    [Fact]
    public void A_node_before_an_owner_of_results_is_not_one_of_them()
    {
        int before = Op.Tanh(_graph.At(Input())).Index;
        int owner = _graph.AppendWithResults(new TwoResults(), 0, [0], Three, 1, shared: false);
        Plan plan = PlanOf(Append(AddOperator.Instance, [before, owner + 1], Three), out int[] outputs);
        Assert.Equal(before, plan.Order[0]);
        plan.Order[1..].CopyTo(plan.Steps);
        plan.StepCount--;
        AssertRefused($"reads %{before} before it is computed", () => Verify.Run(plan, outputs));
    }

    [Fact]
    public void A_result_that_is_read_but_has_no_place_is_found()
    {
        int owner = _graph.AppendWithResults(new TwoResults(), 0, [Input()], Three, 1, shared: false);
        Plan plan = PlanOf(Append(AddOperator.Instance, [owner + 1, owner + 2], Three), out int[] outputs);
        plan[owner + 2] = plan[owner + 2] with { Space = Space.None };
        AssertRefused($"reads %{owner + 2} before it is computed", () => Verify.Run(plan, outputs));
    }

    private int Input() => _graph.Input([1.0, 2.0, 3.0]).Index;

    private int Append(Operator op, int[] inputs, Shape shape, int count = 1, long attribute = 0) =>
        _graph.AppendStack(op, attribute, inputs, shape, count, shared: false);

    private int Gather(int input, params Move[] runs) => Append(GatherOperator.Instance, [input], Three, count: 2, attribute: _graph.AddMoves(runs));

    private int Moves(Operator op, int[] numbers)
    {
        int input = Append(TanhOperator.Instance, [Input()], Three, count: 2);
        Move[] runs = [.. numbers.Chunk(4).Select(run => new Move(run[0], run[1], run[2], run[3]))];
        return Append(op, [input], Three, count: 2, attribute: _graph.AddMoves(runs));
    }

    private int Chain() => Op.Softmax(Op.Softmax(_graph.At(Input()))).Index;

    private int Fork(out int first, out int second)
    {
        Expr x = _graph.At(Input()), a = Op.Softmax(x), b = Op.Tanh(x);
        (first, second) = (a.Index, b.Index);
        return Op.Dot(a, b).Index;
    }

    // Tanh of an input, summed up in the gradient buffer.
    private (Plan Plan, int Product, int Total) GradientOfOneTerm()
    {
        int product = Op.Tanh(_graph.At(Input())).Index, total = Append(TotalOperator.Instance, [product], Three);
        Plan plan = PlanOf(total, out _);
        plan[total] = Placement.Own(total, Space.Gradients).With(Beta.One);
        (plan.Steps[0], plan.Steps[1], plan.StepCount) = (product, total, 2);
        return (plan, product, total);
    }

    private Plan PlanOf(int output, out int[] outputs)
    {
        var plan = new Plan();
        outputs = [output];
        new BufferPlanner().Run(plan, _graph, outputs, [], []);
        return plan;
    }

    private void AssertKept(int last)
    {
        Assert.Equal(_graph.Count - 1, last);
        Verify.Run(_graph);
    }

    private void AssertRefused(string rule, int node)
    {
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => Verify.Run(_graph));
        Assert.StartsWith($"Error in BlasNet: node %{node} ", error.Message, StringComparison.Ordinal);
        Assert.Contains(rule, error.Message, StringComparison.Ordinal);
    }

    private static void AssertRefused(string rule, Action verify) =>
        Assert.Contains(rule, Assert.Throws<InvalidOperationException>(verify).Message, StringComparison.Ordinal);

    private sealed class TwoResults() : Operator(new())
    {
        public override string Name => "two";

        public override int ResultCount => 2;

        public override Shape ResultShape(int result, Shape shape) => Three;

        public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

        public override void Forward<T>(in Operands<T> stack) { }

        public override void Gradient(in GradientContext g) { }
    }
}
