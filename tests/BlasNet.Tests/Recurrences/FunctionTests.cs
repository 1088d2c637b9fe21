using BlasNet.Derivatives;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Graphs.Printing;
using BlasNet.Tests.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Recurrences;

/// <summary>Recurrences within functions, functions within recurrences, and recurrences within recurrences.</summary>
public sealed class FunctionTests
{
    private const int Inputs = 3, Hidden = 2;

    private static readonly int[] Lengths = [3, 1, 4, 3, 2];

    [Fact]
    public void A_function_that_runs_a_recurrence_is_its_formula() => NetworkAssert.EqualsFormula(
        model =>
        {
            var encode = Encoder(model);
            return (g, i) => Tanh(encode.Call(Input(g, i)));
        },
        (w, i) => [.. States(w, Numbers(i))[^1].Select(Math.Tanh)],
        Lengths.Length);

    // What a recurrence starts from is the last state of another one over two halves of its input.
    [Fact]
    public void Recurrences_within_the_start_and_the_step_of_a_recurrence_are_its_formula() => NetworkAssert.EqualsFormula(
        model =>
        {
            Parameter u = model.Weight("U", Hidden, Hidden);
            Recurrence<Expr> inner = Recurrence.Of("inner", x => Tanh(x), (Expr x, Expr h) => Tanh(x + u * h));
            Function<Expr, Expr, Expr> twice = Function.Of("twice", (Expr a, Expr b) => LastColumn(inner.Run(ConcatenateColumns(a, b))));
            Recurrence<Expr> outer = Recurrence.Of(
                "outer", x => twice.Call(Slice(x, 0, Hidden), Slice(x, 1, Hidden)), (Expr x, Expr h) => twice.Call(h, Slice(x, 0, Hidden)));
            return (g, i) => outer.Run(Input(g, i));
        },
        (w, i) =>
        {
            double[] h = [];
            return [.. Numbers(i).SelectMany((x, t) => h = t == 0 ? Twice(w, x[..Hidden], x[1..]) : Twice(w, h, x[..Hidden]))];
        },
        Lengths.Length);

    // h₁ = x₁, h₂ = x₂ + u·h₁², h₃ = x₃ + u·h₂².
    [Fact]
    public void The_second_derivative_of_a_function_that_runs_a_recurrence_is_worked_out_by_hand() => NetworkAssert.EqualsFormula(
        model =>
        {
            Parameter u = model.Weight("u", 1, 1);
            Recurrence<Expr> chain = Recurrence.Of("chain", x => x, (Expr x, Expr h) => x + u * Square(h));
            Function<Expr, Expr> last = Function.Of("last", (Expr x) => LastColumn(chain.Run(x)));
            return (g, i) =>
            {
                Expr x = g.Input([0.3 + i, 0.5, 0.7], new Shape(1, 3));
                return last.Call(x).HessianVector(x, g.Input([1, 2, 3], new Shape(1, 3)));
            };
        },
        (w, i) =>
        {
            double u = w["u"][0], x1 = 0.3 + i, x2 = 0.5, mixed = 4 * u * u * x1;
            return [(4 * u * u * x2) + (12 * u * u * u * x1 * x1) + (2 * mixed), mixed + (2 * 2 * u), 0];
        },
        examples: 2);

    [Fact]
    public void Calls_for_different_lengths_are_one_scan_and_one_product_over_all_vertices()
    {
        using var model = new Model(1, Precision.Double);
        var encode = Encoder(model);
        string text = "";
        using var engine = new Engine<double>(model.Store<double>(), new ComputeOptions
        {
            Verify = true,
            AfterPass = (pass, graph) => text = pass == "batch again" ? TextPrinter.Print(graph) : text,
        });
        Graph graph = model.NewGraph();
        Expr total = Total([.. Lengths.Select((_, i) => Sum(encode.Call(Input(graph, i))))]);
        engine.Prepare(graph, [total], total, [.. model.Parameters]);

        string[] lines = text.Split('\n');
        Assert.Single(lines, line => line.Contains("chain.scan", StringComparison.Ordinal));
        Assert.Single(lines, line => line.Contains("matmul W", StringComparison.Ordinal));
    }

    [Fact]
    public void Norms_of_examples_and_steps_of_several_workers_go_through_a_function_that_runs_a_recurrence()
    {
        using Model model = NewModel(), other = NewModel();
        Function<Expr, Expr> encode = Encoder(model), otherEncode = Encoder(other);
        Expr Loss(Graph g, int i) => Sum(Square(encode.Call(Input(g, i))));
        int[] examples = [.. Enumerable.Range(0, Lengths.Length)];
        var single = new Trainer<int>(model, Loss, new Sgd(0));
        new GradientNorms<int>(model, Loss) { ComputeBatch = 3 }.Run(
            examples,
            (example, squares) =>
            {
                single.AccumulateGradient([example]);
                for (int i = 0; i < model.Parameters.Count; i++)
                {
                    double expected = single.Accumulator.MeanGradient()[model.Parameters[i]].Sum(x => x * x);
                    NetworkAssert.Close([expected], [squares[i]], 1e-12, $"norm of example {example}");
                }
            },
            TestContext.Current.CancellationToken);

        new Trainer<int>(model, Loss, new Sgd(0.1)) { ComputeBatch = 1 }.Step(examples);
        new Trainer<int>(other, (g, i) => Sum(Square(otherEncode.Call(Input(g, i)))), new Sgd(0.1)) { Workers = 2, ComputeBatch = 2 }
            .Step(examples);
        foreach (Parameter parameter in model.Parameters)
            NetworkAssert.Close(model.ValuesOf(parameter), other.ValuesOf(other[parameter.Name]), 1e-12, parameter.Name);
    }

    private static Model NewModel() => new(1, Precision.Double);

    // The last state of h₁ = tanh(W·x₁), hₜ = tanh(W·xₜ + U·hₜ₋₁).
    private static Function<Expr, Expr> Encoder(Model model)
    {
        var (w, u) = (model.Weight("W", Hidden, Inputs), model.Weight("U", Hidden, Hidden));
        Recurrence<Expr> chain = Recurrence.Of("chain", x => Tanh(w * x), (Expr x, Expr h) => Tanh(w * x + u * h));
        return Function.Of("encode", (Expr x) => LastColumn(chain.Run(x)));
    }

    private static Expr LastColumn(Expr x) => SliceColumns(x, x.Shape.Columns - 1, 1);

    private static double[][] States(Weights w, double[][] words)
    {
        var states = new List<double[]>();
        foreach (double[] x in words)
        {
            double[] sum = w.Times("W", x);
            states.Add([.. (states.Count == 0 ? sum : Weights.Add(sum, w.Times("U", states[^1]))).Select(Math.Tanh)]);
        }

        return [.. states];
    }

    private static double[] Twice(Weights w, double[] a, double[] b) =>
        [.. Weights.Add(b, w.Times("U", [.. a.Select(Math.Tanh)])).Select(Math.Tanh)];

    private static Expr Input(Graph g, int example) =>
        g.Input([.. Numbers(example).SelectMany(x => x)], new Shape(Inputs, Lengths[example]));

    private static double[][] Numbers(int example) => [.. Enumerable.Range(0, Lengths[example]).Select(t =>
        (double[])[.. Enumerable.Range(0, Inputs).Select(k => Math.Sin((7 * example) + (3 * t) + k))])];
}
