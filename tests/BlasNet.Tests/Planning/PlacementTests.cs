using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Operators;
using BlasNet.Operators.Intrinsics;
using BlasNet.Planning;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Planning;

/// <summary>Where values lie and where kernels write them: a small graph for each case, and its plan.</summary>
public sealed class PlacementTests : IDisposable
{
    private static readonly Shape Three = new(3);

    private readonly Model _model = new(seed: 1);
    private readonly Graph _graph;
    private readonly Parameter _w;

    public PlacementTests() => (_graph, _w) = (_model.NewGraph(), _model.Weight("W", 3, 2));

    public void Dispose() => _model.Dispose();

    [Fact]
    public void A_reshape_lies_in_what_it_is_a_view_of()
    {
        Expr value = Tanh(Vector()), row = Reshape(value, new Shape(1, 3));
        Plan plan = PlanOf(Sum(row));

        Assert.Equal("tanh  %0=view\nsum  %2=view", PlanPrinter.Print(plan));
        Assert.Equal((value.Index, 0L, Destination.None), (plan[row.Index].Buffer, plan[row.Index].Offset, plan[row.Index].Destination));
    }

    [Fact]
    public void A_part_of_a_stack_is_a_view_from_its_first_element_on()
    {
        int stack = Append(BroadcastOperator.Instance, [Tanh(Vector()).Index], count: 2);
        int second = Gather([stack], 1, new Move(0, 3, 0, 3));
        Plan plan = PlanOf(Sum(_graph.At(second)));

        Assert.Equal((stack, 3L), (plan[second].Buffer, plan[second].Offset));
    }

    [Fact]
    public void Values_that_a_gather_sets_side_by_side_are_computed_there()
    {
        Expr x = Vector(), y = Vector();
        int gather = Gather([Tanh(x).Index, Exp(y).Index], 2, new Move(0, 0, 0, 3), new Move(1, 0, 3, 3));
        Plan plan = PlanOf(_graph.At(gather));

        Assert.Equal("tanh  %0=view → %4[0]\nexp  %1=view → %4[3]", PlanPrinter.Print(plan));
        Assert.Equal(Placement.Own(gather, Space.Arena).Filled(), plan[gather]);
        Assert.Equal(0, plan.CopiedBytes);
    }

    [Fact]
    public void A_value_that_is_needed_in_two_places_of_a_gather_is_copied()
    {
        int value = Tanh(Vector()).Index;
        Plan plan = PlanOf(_graph.At(Gather([value, value], 2, new Move(0, 0, 0, 3), new Move(1, 0, 3, 3))));

        Assert.Equal("tanh  %0=view\ngather ×2  %1=view %1=view", PlanPrinter.Print(plan));
        Assert.Equal(6 * sizeof(float), plan.CopiedBytes);
    }

    [Fact]
    public void A_sum_takes_the_terms_that_can_add_and_adds_the_others()
    {
        Expr w = _graph.Use(_w), x = _graph.Input([1f, 2f]), y = _graph.Input([3f, 4f]), z = Tanh(Vector());
        Plan plan = PlanOf(Total(MatMul(w, x), MatMul(w, y), z));

        Assert.Equal(
            """
            tanh  %3=view
            matmul  W=shared %1=view → %7
            matmul  W=shared %2=view → %7 +
            total  %5=view %6=view %4=view +
            """, PlanPrinter.Print(plan));
    }

    [Fact]
    public void A_term_that_something_else_reads_is_not_computed_into_the_sum()
    {
        Expr w = _graph.Use(_w), product = MatMul(w, _graph.Input([1f, 2f])), z = Tanh(Vector());
        Plan plan = PlanOf(Total(product, z), product);

        Assert.Equal(Destination.Own, plan[product.Index].Destination);
    }

    /// <summary>In the first microbatch of a step the gradient's first term overwrites it, in the later ones it adds: Σ x over both, for s = Σ W·x.</summary>
    [Fact]
    public void The_first_term_of_a_gradient_starts_it_anew_with_each_step()
    {
        Expr w = _graph.Use(_w), loss = Total(Sum(MatMul(w, _graph.Input([1f, 2f]))), Sum(MatMul(w, _graph.Input([3f, 4f]))));
        using var engine = new Engine<float>(_model.Store<float>(), new ComputeOptions { Batching = false, Simplify = false, Verify = true });
        engine.Prepare(_graph, [loss], loss, [_w]);
        string[] writers = [.. PlanPrinter.Print(engine.Plan).Split('\n').Where(line => line.StartsWith("outer", StringComparison.Ordinal))];

        Assert.Equal([true, false], writers.Select(line => line.EndsWith(" later +", StringComparison.Ordinal)));
        Assert.All(writers, line => Assert.EndsWith(" +", line, StringComparison.Ordinal));

        using var gradients = new GradientBuffer<float>(_model.Store<float>().Length, _model.Parameters);
        engine.Execute(gradients);
        Assert.Equal([4, 4, 4, 6, 6, 6], gradients.SpanOf(_w));
        engine.Execute(gradients, accumulate: true);
        Assert.Equal([8, 8, 8, 12, 12, 12], gradients.SpanOf(_w));
        engine.Execute(gradients);
        Assert.Equal([4, 4, 4, 6, 6, 6], gradients.SpanOf(_w));
    }

    [Fact]
    public void An_element_wise_operator_overwrites_an_operand_that_is_not_needed_afterwards()
    {
        Expr first = Tanh(Vector()), last = Exp(first);
        Plan plan = PlanOf(last);

        Assert.Equal(plan.OffsetOf(first.Index), plan.OffsetOf(last.Index));
        Assert.Equal(16, plan.ArenaLength);
    }

    [Fact]
    public void An_operand_that_is_needed_afterwards_is_not_overwritten()
    {
        Expr first = Tanh(Vector()), last = Exp(first);
        Plan plan = PlanOf(last, first);

        Assert.NotEqual(plan.OffsetOf(first.Index), plan.OffsetOf(last.Index));
    }

    [Fact]
    public void Vectors_that_a_reader_finds_by_index_are_not_gathered()
    {
        int stack = Append(TanhOperator.Instance, [Append(BroadcastOperator.Instance, [Vector().Index], count: 2)], count: 2);
        int turned = Gather([stack], 2, new Move(0, 3, 0, 3), new Move(0, 0, 3, 3));
        int reader = Gather([turned, stack], 3, new Move(0, 0, 0, 6), new Move(1, 3, 6, 3));
        Plan plan = PlanOf(_graph.At(reader));

        Assert.Equal("gather ×3  %3=indexed %2=view", PlanPrinter.Print(plan).Split('\n')[^1]);
        Assert.True(plan[turned].IsIndexed);
        Assert.Equal(9 * sizeof(float), plan.CopiedBytes);
    }

    [Fact]
    public void The_gradient_of_a_table_that_is_only_looked_up_is_added_to_by_columns()
    {
        var words = new Embedding(_model, "words", 3, 5);
        Expr loss = Sum(Tanh(words.Of(_graph, 2)));
        using var engine = new Engine<float>(_model.Store<float>(), new ComputeOptions { Verify = true });
        engine.Prepare(_graph, [loss], loss, [words.Table]);
        int node = engine.Plan.Order[^1];

        Assert.Equal((Destination.Columns, Beta.One, words.Table.Index), (engine.Plan[node].Destination, engine.Plan[node].Beta, engine.Plan[node].Parameter));
        Assert.Equal([(words.Table, true)], engine.Plan.Gradients);
    }

    private Expr Vector() => _graph.Input([1f, 2f, 3f]);

    private int Append(Operator op, int[] inputs, int count = 1, long attribute = 0) => _graph.AppendStack(op, attribute, inputs, Three, count, shared: false);

    private int Gather(int[] inputs, int count, params Move[] moves) => Append(GatherOperator.Instance, inputs, count, _graph.AddMoves(moves));

    private Plan PlanOf(params Expr[] outputs)
    {
        int[] nodes = [.. outputs.Select(output => output.Index)];
        var plan = new Plan();
        new BufferPlanner().Run(plan, _graph, nodes, [], []);
        Verify.Run(_graph);
        Verify.Run(plan, nodes);
        return plan;
    }
}
