using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Tests.Layers;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Recurrences;

/// <summary>Operators within the step of a recurrence, hₜ = f(U·hₜ₋₁ + xₜ): values by plain loops, gradients by their central differences.</summary>
public sealed class StepOperatorTests
{
    private const int Size = 3, Examples = 4;

    private static readonly Dictionary<string, Step> Steps = new()
    {
        ["gelu-tanh"] = new((z, _, _) => GeluTanh(z), Map(z => z * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (z + 0.044715 * z * z * z))) / 2)),
        ["silu"] = new((z, _, _) => Silu(z), Map(z => z / (1 + Math.Exp(-z)))),
        ["softplus"] = new((z, _, _) => Softplus(z) - 0.5, Map(z => Math.Log(1 + Math.Exp(z)) - 0.5)),
        ["leaky-relu"] = new((z, _, _) => LeakyRelu(z, 0.2), Map(z => z > 0 ? z : 0.2 * z)),
        ["elu"] = new((z, _, _) => Elu(z, 1.5), Map(z => z > 0 ? z : 1.5 * (Math.Exp(z) - 1))),
        ["pow"] = new((z, _, _) => Pow(Abs(z) + 0.5, 0.7), Map(z => Math.Pow(Math.Abs(z) + 0.5, 0.7))),
        ["clamp"] = new((z, _, _) => Clamp(z, -0.4, 0.6), Map(z => Math.Clamp(z, -0.4, 0.6))),
        ["huber"] = new((z, _, _) => Huber(z, 0.5), Map(z => Math.Abs(z) <= 0.5 ? z * z / 2 : 0.5 * (Math.Abs(z) - 0.25))),
        ["max"] = new((z, x, _) => Max(z, 2 * x), (z, x, _) => [.. z.Zip(x, (a, b) => Math.Max(a, 2 * b))]),
        ["where"] = new((z, x, _) => Where(Greater(x, z), Tanh(z), 0.5 * z), (z, x, _) => [.. z.Zip(x, (a, b) => b > a ? Math.Tanh(a) : 0.5 * a)]),
        ["binary-cross-entropy"] = new(
            (z, x, _) => BinaryCrossEntropy(z, Sigmoid(x)), (z, x, _) => [.. z.Zip(x, (a, b) => Math.Log(1 + Math.Exp(a)) - a / (1 + Math.Exp(-b)))]),
        ["elements"] = new((z, _, _) => Concatenate(z[1..], z[0]), (z, _, _) => [.. z[1..], z[0]]),
        ["layer-norm"] = new((z, _, _) => LayerNorm(z, 0.1), (z, _, _) => Normalized(z)),
        ["largest"] = new((z, _, _) => z - 0.5 * MaxRows(z), (z, _, _) => [.. z.Select(a => a - 0.5 * z.Max())]),
        ["log-sum-exp"] = new((z, _, _) => z - LogSumExp(z), (z, _, _) => [.. z.Select(a => a - Math.Log(z.Sum(Math.Exp)))]),
        ["lookup"] = new((z, _, table) => Tanh(z + Lookup(z.Graph.Use(table), 2)), (z, _, table) => [.. z.Zip(table[6..9], (a, e) => Math.Tanh(a + e))]),
        ["cross-entropy"] = new((z, _, _) => Tanh(z + CrossEntropy(z, 1)), (z, _, _) => [.. z.Select(a => Math.Tanh(a + Math.Log(z.Sum(Math.Exp)) - z[1]))]),
    };

    public static TheoryData<string> Names => [.. Steps.Keys];

    [Theory, MemberData(nameof(Names))]
    public void A_step_gives_what_the_loop_gives(string name) => NetworkAssert.EqualsFormula(
        model =>
        {
            var words = new Embedding(model, "words", Size, Examples);
            Parameter u = model.Weight("U", Size, Size);
            Recurrence<Expr> chain = Recurrence.Of("chain", (Expr x) => Tanh(x), (Expr x, Expr h) => Steps[name].Build(MatMul(u, h) + x, x, words.Table));
            return (g, example) => chain.Run(words.Of(g, Words(example)));
        },
        (w, example) =>
        {
            double[] h = [];
            return [.. Words(example).Select(word => w.Column("words.E", word, Size)).SelectMany(x => h = h.Length == 0 ? Weights.Tanh(x)
                : Steps[name].Define(Weights.Add(w.Times("U", h), x), x, w["words.E"]))];
        },
        Examples);

    // Lengths and orders differ from example to example.
    private static int[] Words(int example) => [.. Enumerable.Range(0, 1 + (example * 3 % 4)).Select(i => (example + i) % Examples)];

    private static Func<double[], double[], double[], double[]> Map(Func<double, double> function) => (z, _, _) => [.. z.Select(function)];

    private static double[] Normalized(double[] z)
    {
        double mean = z.Average(), deviation = Math.Sqrt(z.Average(a => (a - mean) * (a - mean)) + 0.1);
        return Array.ConvertAll(z, a => (a - mean) / deviation);
    }

    /// <param name="Build">From U·h + x, x and the table of words.</param>
    /// <param name="Define">The same by plain numbers; the table column by column.</param>
    private sealed record Step(Func<Expr, Expr, Parameter, Expr> Build, Func<double[], double[], double[], double[]> Define);
}
