using BlasNet.Batching;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Execution;

/// <summary>Which plans an engine keeps, which it finds again, and that a found one computes with the new numbers.</summary>
public sealed class PlanCacheTests : IDisposable
{
    private readonly Model _model = new(1, Precision.Double);
    private readonly Parameter _w, _v;
    private readonly Graph _graph;

    public PlanCacheTests()
    {
        (_w, _v) = (_model.Weight("W", 1, 3), _model.Weight("V", 1, 3));
        _model.SetValues(_w, [1, 10, 100]);
        _model.SetValues(_v, [2, 20, 200]);
        _graph = _model.NewGraph();
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void A_structure_met_again_finds_its_plan_and_computes_with_its_own_numbers()
    {
        using var engine = NewEngine(cachedPlans: 2);
        Assert.Equal(Sum(1, 2), Run(engine, examples: 2, first: 1));
        Assert.Equal(Sum(5, 6), Run(engine, examples: 2, first: 5));
        Assert.Equal(1, engine.Times.PlansFound);
    }

    /// <summary>Numbers that passes add are compared, not the user's vectors beside them.</summary>
    [Fact]
    public void Constant_vectors_of_other_values_find_the_plan_of_the_same_structure()
    {
        using var engine = NewEngine(cachedPlans: 2);
        using var gradient = new GradientBuffer<double>(_model.Store<double>().Length, _model.Parameters);
        for (int run = 1; run <= 3; run++)
        {
            _graph.Clear();
            Expr sum = _graph.Input(0.0);
            for (int k = 1; k <= 4; k++)
                sum += 0.5 * Op.Tanh(_w * _graph.Constant([0.01 * run, 0.01 * k, 0], new Shape(3)));

            engine.Prepare(_graph, [sum], sum, [_w]);
            engine.Execute(gradient);
            Assert.Equal(Enumerable.Range(1, 4).Sum(k => 0.5 * Math.Tanh(0.01 * run + 0.1 * k)), engine.ValueOf(0)[0], 1e-12);
        }

        Assert.Equal(2, engine.Times.PlansFound);
    }

    [Fact]
    public void Without_a_cache_nothing_is_found()
    {
        using var engine = NewEngine(cachedPlans: 0);
        Run(engine, examples: 2);
        Run(engine, examples: 2);
        Assert.Equal(0, engine.Times.PlansFound);
    }

    /// <summary>Each letter is a structure; the plans found at each run.</summary>
    [Theory]
    [InlineData(2, "AABB", "0101")]
    [InlineData(2, "ABAB", "0011")]
    [InlineData(2, "ABACA", "00101")]   // C takes B's place, which was used before A
    [InlineData(2, "ABACB", "00100")]
    [InlineData(1, "ABA", "000")]
    [InlineData(1, "AAA", "011")]
    [InlineData(3, "ABCABC", "000111")]
    [InlineData(3, "ABCDA", "00000")]
    [InlineData(3, "ABCDB", "00001")]
    public void The_structure_that_was_used_longest_ago_is_forgotten(int cachedPlans, string structures, string found)
    {
        using var engine = NewEngine(cachedPlans);
        string seen = "";
        foreach (char structure in structures)
        {
            long before = engine.Times.PlansFound;
            int examples = 1 + structure - 'A';
            Assert.Equal(Sum([.. Enumerable.Range(1, examples)]), Run(engine, examples));
            seen += engine.Times.PlansFound - before;
        }

        Assert.Equal(found, seen);
    }

    [Fact]
    public void A_plan_that_is_held_is_not_given_to_another_graph()
    {
        using var engine = NewEngine(cachedPlans: 1);
        CompiledPlan held = Compile(engine, examples: 1);
        held.Holders++;

        CompiledPlan other = Compile(engine, examples: 2);

        Assert.NotSame(held, other);
        held.Holders--;
        Assert.Same(held, Compile(engine, examples: 1));
    }

    /// <summary>A large graph costs memory to keep: only one that comes back is worth it.</summary>
    [Fact]
    public void A_large_graph_is_kept_when_it_comes_the_second_time()
    {
        using var engine = NewEngine(cachedPlans: 2);
        int[] found = new int[4];
        for (int i = 0; i < found.Length; i++)
        {
            Run(engine, examples: 1000);
            found[i] = (int)engine.Times.PlansFound;
        }

        Assert.Equal([0, 0, 1, 2], found);
    }

    [Fact]
    public void A_plan_is_not_found_for_other_outputs_another_loss_or_other_parameters()
    {
        using var engine = NewEngine(cachedPlans: 8);
        AssertFound(0, (a, b) => ([a], null, []));
        AssertFound(0, (a, b) => ([b], null, []));
        AssertFound(0, (a, b) => ([a, b], null, []));
        AssertFound(0, (a, b) => ([b, a], null, []));
        AssertFound(0, (a, b) => ([a], a, [_w]));
        AssertFound(0, (a, b) => ([a], b, [_w]));
        AssertFound(0, (a, b) => ([a], b, [_v]));
        AssertFound(0, (a, b) => ([a], b, [_w, _v]));
        AssertFound(1, (a, b) => ([a], null, []));
        AssertFound(1, (a, b) => ([a], b, [_w]));

        void AssertFound(int expected, Func<Expr, Expr, (Expr[] Outputs, Expr? Loss, Parameter[] Parameters)> ask)
        {
            long before = engine.Times.PlansFound;
            _graph.Clear();
            Expr x = _graph.Input([1.0, 1.0, 1.0]), a = _w * x, b = _v * x + a;
            var (outputs, loss, parameters) = ask(a, b);
            engine.Prepare(_graph, outputs, loss, parameters);
            using var gradient = new GradientBuffer<double>(_model.Store<double>().Length, [_w, _v]);
            engine.Execute(loss is null ? null : gradient);
            for (int i = 0; i < outputs.Length; i++)
                Assert.Equal(outputs[i].Index == a.Index ? 111 : 333, engine.ValueOf(i)[0]);

            foreach (Parameter parameter in parameters)
                Assert.Equal(parameter == _w || loss!.Value.Index == b.Index ? 1 : 0, gradient.SpanOf(parameter)[2]);

            Assert.Equal(expected, engine.Times.PlansFound - before);
        }
    }

    /// <summary>Two examples that bring one index are batched to look it up once; two others need two.</summary>
    [Fact]
    public void A_plan_for_equal_indices_is_not_found_for_different_ones()
    {
        using var engine = NewEngine(cachedPlans: 8);
        Assert.Equal([10, 10], LookUp(1, 1));
        Assert.Equal([100, 100], LookUp(2, 2));
        Assert.Equal(1, engine.Times.PlansFound);
        Assert.Equal([100, 1], LookUp(2, 0));
        Assert.Equal([10, 10], LookUp(1, 1));

        double[] LookUp(params int[] indices)
        {
            _graph.Clear();
            Expr table = _graph.Use(_w);
            Expr[] outputs = [.. indices.Select(index => Op.Lookup(table, index))];
            engine.Prepare(_graph, outputs);
            engine.Execute();
            return [engine.ValueOf(0)[0], engine.ValueOf(1)[0]];
        }
    }

    /// <summary>Differentiation adds the number 1, the only one of these graphs, each of which has new memory for numbers.</summary>
    [Fact]
    public void A_plan_whose_only_number_a_pass_has_added_is_found_for_a_new_graph()
    {
        using var engine = NewEngine(cachedPlans: 1);
        using var gradient = new GradientBuffer<double>(_model.Store<double>().Length, [_w]);
        for (int scale = 1; scale <= 2; scale++)
        {
            Graph graph = _model.NewGraph();
            Expr loss = _w * graph.Input([scale, 2.0 * scale, 3.0 * scale]);
            engine.Prepare(graph, [loss], loss, [_w]);
            engine.Execute(gradient);
            Assert.Equal([scale, 2 * scale, 3 * scale], gradient.SpanOf(_w).ToArray());
        }

        Assert.Equal(1, engine.Times.PlansFound);
    }

    /// <summary>A graph may have numbers of passes that ran before: they must be those that the plan's passes have added, in the same places.</summary>
    [Theory, InlineData(0.5, true), InlineData(0.25, false), InlineData(null, true)]
    public void A_plan_fits_only_where_the_numbers_of_its_passes_are_or_have_room(double? number, bool fits)
    {
        var key = new PlanKey(Precision.Double);
        Expr x = _graph.Constant(3);
        key.Take(new PlanRequest(_graph, [x], loss: null, parameters: [], perExample: null));
        _graph.Constant(0.5);
        key.TakeNumbers(_graph, new IntegerFacts());

        Graph other = _model.NewGraph();
        other.Constant(3);
        if (number is { } there)
            other.Constant(there);

        Assert.Equal(fits, key.TryFitNumbers(other.Data));
        Assert.Equal(number ?? 0.5, other.Data.ElementAt(x.Graph.AttributeOf(1), 0));
    }

    // Each example's gradient with respect to the bias is its number, here shortened to the bound.
    [Fact]
    public void A_plan_for_clipped_examples_is_found_for_the_same_bound_alone()
    {
        using var model = new Model(1, Precision.Double);
        Parameter bias = model.Bias("b", 1);
        var trainer = new Trainer<double>(model, (g, x) => bias * g.Input(x), new Sgd(1));
        foreach ((double bound, double expected, int found) in new[] { (2.0, -1.5, 0), (2, -3, 1), (4, -5, 1), (4, -7, 2) })
        {
            trainer.ClipExampleNorm = bound;
            trainer.Step([1, 3]);
            Assert.Equal(expected, model.ValuesOf(bias)[0], 1e-12);
            Assert.Equal(found, trainer.Accumulator.First.Times.PlansFound);
        }
    }

    /// <summary>A structure that comes once does not displace the plans of those that come again.</summary>
    [Fact]
    public void A_large_graph_that_comes_once_leaves_the_cache_as_it_is()
    {
        using var engine = NewEngine(cachedPlans: 2);
        Run(engine, examples: 1);
        Run(engine, examples: 1000);
        Run(engine, examples: 1001);
        Run(engine, examples: 1002);
        Run(engine, examples: 1);
        Assert.Equal(1, engine.Times.PlansFound);
    }

    [Fact]
    public void The_bytes_of_a_plan_are_those_of_its_element_type()
    {
        using var doubles = NewEngine(cachedPlans: 1);
        Run(doubles, examples: 3);
        Assert.Equal(8 * doubles.Plan.ArenaLength, doubles.Plan.PeakBytes);

        using var model = new Model(1, Precision.Single);
        using var floats = new Engine<float>(model.Store<float>());
        Graph graph = model.NewGraph();
        floats.Prepare(graph, [Op.Tanh(graph.Input([1.0, 2.0]))]);
        Assert.Equal(4 * floats.Plan.ArenaLength, floats.Plan.PeakBytes);
        Assert.InRange(floats.Plan.ArenaLength, 2, 64);
    }

    [Fact]
    public void What_a_disposed_engine_computed_is_not_read()
    {
        var engine = NewEngine(cachedPlans: 1);
        Run(engine, examples: 1);
        engine.Dispose();
        Assert.Throws<ObjectDisposedException>(() => engine.ValueOf(0).ToArray());
        Assert.Throws<ObjectDisposedException>(() => engine.Execute());
    }

    private Engine<double> NewEngine(int cachedPlans) => new(_model.Store<double>(), new ComputeOptions { CachedPlans = cachedPlans, Verify = true });

    private static double Sum(params int[] numbers) => 111 * numbers.Sum();

    private double Run(Engine<double> engine, int examples, int first = 1)
    {
        engine.Use(Compile(engine, examples, first), _graph);
        engine.Execute();
        return engine.ValueOf(0)[0];
    }

    private CompiledPlan Compile(Engine<double> engine, int examples, int first = 1)
    {
        _graph.Clear();
        Expr total = Op.Total([.. Enumerable.Range(first, examples).Select(number => _w * _graph.Input([number, number, (double)number]))]);
        return engine.Compile(new PlanRequest(_graph, [total], null, [], null));
    }
}
