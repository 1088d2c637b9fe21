using BlasNet.Graphs;
using BlasNet.Tests.Kernels;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Execution;

/// <summary>What a pass computes does not depend on the passes before, to the bit: a plan is found again only where a new one would be the same. Else a
/// training that is resumed, which has no plans, would round otherwise.</summary>
[Collection(GemmSettings.Name)]
public sealed class PlanHistoryTests
{
    private const int Words = 3, Models = 25;

    private static readonly Function<Expr, Expr, Expr, Expr> Step = Function.Of("step", (Expr w, Expr x, Expr h) => Tanh((w * h) + (w * x)));

    private static readonly Function<(Expr, Expr), Expr, Expr> Named =
        Function.Of("named", ((Expr E, Expr W) p, Expr word) => Tanh(p.W * Lookup(p.E, word)));

    private static readonly Function<(Expr, Expr), (Expr, Expr), Expr> Pair = Function.Of(
        "pair", ((Expr E, Expr W) p, (Expr Left, Expr Right) words) => Tanh(p.W * Lookup(p.E, words.Left)) + Sigmoid(p.W * Lookup(p.E, words.Right)));

    private static readonly Recurrence<Expr> Chain = Recurrence.Of("chain", (Expr x) => Tanh(x), (Expr x, Expr h) => Tanh(x + (0.5 * h * h)));

    // Of a sentence's words, a table of words and a weight.
    private static readonly Dictionary<string, Func<Graph, int[], Parameter, Parameter, Expr>> Forms = new()
    {
        ["a loop"] = (g, words, table, w) => words[1..].Aggregate(Lookup(table, words[0]), (h, word) => Tanh((w * h) + (w * Lookup(table, word)))),
        ["a loop of indices"] = (g, words, table, w) =>
            words[1..].Aggregate(Lookup(table, g.Index(words[0])), (h, word) => Tanh((w * h) + (w * Lookup(table, g.Index(word))))),
        ["a loop of calls"] = (g, words, table, w) =>
            words[1..].Aggregate(Lookup(table, words[0]), (h, word) => Step.Call(g.Use(w), Lookup(table, word), h)),
        ["calls that look up"] = (g, words, table, w) =>
            words.Select((word, t) => (t + 1) * Named.Call((table, w), g.Index(word))).Aggregate((a, b) => Tanh(a + b)),
        ["calls of two indices"] = (g, words, table, w) =>
            words.Select((word, t) => (t + 1) * Pair.Call((table, w), (g.Index(word), g.Index(words[0])))).Aggregate((a, b) => Tanh(a + b)),
        ["a recurrence"] = (g, words, table, w) => Chain.Run(w * Lookup(table, words)),
        ["a recurrence, then words"] = (g, words, table, w) => Chain.Run(w * Lookup(table, words)) + Tanh(w * Lookup(table, words)),
    };

    public static TheoryData<string, int, int> Ways => new MatrixTheoryData<string, int, int>(Forms.Keys, [1, 2], [0, 6, 1000]);

    [Theory, MemberData(nameof(Ways))]
    public void A_gradient_has_the_same_bits_whatever_was_computed_before(string form, int examples, int comparesFrom)
    {
        var random = new Random(examples);
        for (int seed = 0; seed < Models; seed++)
        {
            int size = 2 + (seed % 6), length = 2 + (seed % 3);
            using var model = new Model(seed, Precision.Double);
            Parameter table = model.Weight("E", size, Words), w = model.Weight("W", size, size);
            Trainer<int[]> used = NewTrainer();
            for (int step = 0; step < 6; step++)
            {
                int[][] batch = [.. Enumerable.Range(0, examples).Select(_ => Enumerable.Range(0, length).Select(_ => random.Next(Words)).ToArray())];
                Assert.Equal(GradientOf(NewTrainer(), batch), GradientOf(used, batch));
            }

            Trainer<int[]> NewTrainer() =>
                new(model, (g, words) => Sum(Square(Forms[form](g, words, table, w))), new Sgd(1), new ComputeOptions { ComparesFrom = comparesFrom });

            double[] GradientOf(Trainer<int[]> trainer, int[][] batch)
            {
                ModelGradient gradient = trainer.GradientOf(batch);
                return [gradient.Value, .. gradient[table], .. gradient[w]];
            }
        }
    }
}
