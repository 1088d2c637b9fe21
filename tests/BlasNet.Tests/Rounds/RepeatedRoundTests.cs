using BlasNet.Graphs;
using BlasNet.Rounds;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Rounds;

/// <summary>Rounds of one structure, whose plan is found again: each must read its own data.</summary>
public sealed class RepeatedRoundTests : IDisposable
{
    private const int Steps = 7, Size = 3, Words = 4;

    private readonly Model _model = new(5, Precision.Double);
    private readonly Parameter _w, _table;
    private readonly double[] _weights, _columns;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public RepeatedRoundTests()
    {
        (_w, _table) = (_model.Weight("W", Size, Size), _model.Weight("table", Size, Words));
        (_weights, _columns) = (_model.ValuesOf(_w), _model.ValuesOf(_table));
    }

    public void Dispose() => _model.Dispose();

    /// <summary>h ← tanh(W·h + table[word] + input + number) · ΣW: states of the round before, indices that are equal or not, inputs, numbers that examples
    /// have each for itself, and a number that all share.</summary>
    [Fact]
    public void Rounds_of_one_structure_have_one_plan_and_the_values_of_the_definition()
    {
        int plans = 0;
        var options = new ComputeOptions { Verify = true, AfterPass = (pass, _) => plans += pass == "totals" ? 1 : 0 };
        var evaluator = new Evaluator<int, List<double[]>>(_model, async (g, example) =>
        {
            Expr total = Sum(g.Use(_w)), h = g.Zeros(Size);
            List<double[]> seen = [];
            await total;
            for (int t = 0; t < Steps; t++)
            {
                h = Multiply(total, Tanh((_w * h) + Lookup(_table, Word(example, t)) + g.Input(Input(example, t)) + Number(example, t)));
                seen.Add(await h);
            }

            return seen;
        }, options);

        for (int run = 0; run < 3; run++)
        {
            int[] examples = [.. Enumerable.Range(10 * run, 5)];
            foreach ((int example, List<double[]> seen) in examples.Zip(evaluator.Run(examples, Cancel)))
                Assert.All(
                    Defined(example).Zip(seen),
                    pair => Assert.All(pair.First.Zip(pair.Second), number => Assert.Equal(number.First, number.Second, 1e-12)));
        }

        Assert.InRange(plans, 3, Steps);   // of 3 · (1 + Steps) rounds
    }

    /// <summary>h ← tanh(W·h + table[word] + input), where the words of two examples are equal in some rounds and not in others.</summary>
    [Fact]
    public void A_round_that_comes_again_is_found_without_being_copied_and_reads_its_own_data()
    {
        const int Rounds = 20, Examples = 5;
        using IDisposable engine = _model.NewEngine(new ComputeOptions { Verify = true });
        using var functions = ExampleFunctions.Over(engine, _model.NewGraph);
        List<List<double[]>> results = [];
        for (int run = 0; run < 2; run++)
        {
            functions.Run(0, Examples, example => Steps(functions.Graph, example), results, Cancel);
            Assert.Equal(Rounds, functions.RoundCount);
            Assert.InRange(functions.RepeatedCount, 5, Rounds - 2);
            for (int example = 0; example < Examples; example++)
            {
                double[] h = new double[Size];
                for (int t = 0; t < Rounds; t++)
                {
                    (double[] product, double[] input) = (Product(h), Input(example, t));
                    h = [.. Enumerable.Range(0, Size).Select(i => Math.Tanh(product[i] + _columns[(Word(example, t) * Size) + i] + input[i]))];
                    for (int i = 0; i < Size; i++)
                        Assert.Equal(h[i], results[example][t][i], 1e-12);
                }
            }
        }

        static int Word(int example, int t) => example == 3 && t % 7 == 6 ? 0 : Math.Min(example, 3);

        async ExprTask<List<double[]>> Steps(Graph g, int example)
        {
            Expr h = g.Input(new double[Size]);
            List<double[]> seen = [];
            for (int t = 0; t < Rounds; t++)
            {
                h = Tanh((_w * h) + Lookup(_table, g.Index(Word(example, t))) + g.Input(Input(example, t)));
                seen.Add(await h);
            }

            return seen;
        }
    }

    /// <summary>What examples read from before the round changes in who reads what, while all nodes are of the same types.</summary>
    [Fact]
    public void A_round_that_reads_other_values_of_earlier_ones_is_another_round()
    {
        const int Rounds = 24;
        var evaluator = new Evaluator<int, double[]>(_model, async (g, example) =>
        {
            Expr[] inputs = [g.Input(Input(example, 0)), g.Input(Input(example, 1)), g.Input(Input(example, 2))], kept = [.. inputs];
            double[] sums = new double[Rounds];
            for (int t = 0; t < Rounds; t++)
            {
                Expr y = (_w * kept[t % 3]) - kept[t % 5 % 3];
                ExprTask<double> result = First(y), old = t < 16 ? new ExprTask<double>(0) : First(inputs[t % 3]);
                sums[t] = await result + (100 * await old);
                if (t % 4 == 3)
                    kept[t % 3] = y;
            }

            return sums;
        }, new ComputeOptions { Verify = true });

        int[] examples = [4, 5, 6];
        foreach ((int example, double[] sums) in examples.Zip(evaluator.Run(examples, Cancel)))
        {
            double[][] kept = [Input(example, 0), Input(example, 1), Input(example, 2)];
            for (int t = 0; t < Rounds; t++)
            {
                double[] y = [.. Product(kept[t % 3]).Zip(kept[t % 5 % 3], (a, b) => a - b)];
                Assert.Equal(y[0] + (t < 16 ? 0 : 100 * Input(example, t % 3)[0]), sums[t], 1e-9);
                if (t % 4 == 3)
                    kept[t % 3] = y;
            }
        }

        static async ExprTask<double> First(Expr x) => (await x)[0];
    }

    /// <summary>Where some examples have ended the structure is another one.</summary>
    [Fact]
    public void Rounds_of_fewer_examples_have_plans_of_their_own()
    {
        var evaluator = new Evaluator<int, double>(_model, async (g, example) =>
        {
            double sum = 0;
            for (int t = 0; t <= example % 3; t++)
                sum += (await (_w * g.Input(Input(example, t))))[1];

            return sum;
        }, new ComputeOptions { Verify = true });

        for (int run = 0; run < 2; run++)
        {
            double[] sums = evaluator.Run([1, 2, 3, 4, 5, 6, 7, 8], Cancel);
            for (int i = 0; i < sums.Length; i++)
                Assert.Equal(Enumerable.Range(0, ((i + 1) % 3) + 1).Sum(t => Product(Input(i + 1, t))[1]), sums[i], 1e-12);
        }
    }

    /// <summary>What is returned at once has the same nodes as a round, of which more is needed later on.</summary>
    [Fact]
    public void A_plan_after_which_nothing_is_computed_is_none_for_a_round()
    {
        var evaluator = new Evaluator<int>(_model, async (g, example) =>
        {
            Expr product = _w * g.Input(Input(example, 0)), tanh = Tanh(product);
            if (example < 10)
                return tanh;

            await tanh;
            return product + tanh;
        });

        foreach (int first in new[] { 0, 10, 5, 15 })
        {
            int[] examples = [first, first + 1, first + 2];
            evaluator.RunDouble(examples, (i, value) =>
            {
                double[] product = Product(Input(examples[i], 0));
                for (int row = 0; row < Size; row++)
                    Assert.Equal(Math.Tanh(product[row]) + (examples[i] < 10 ? 0 : product[row]), value[row], 1e-12);
            }, Cancel);
        }
    }

    [Theory, InlineData(2), InlineData(50)]
    public void A_number_of_an_earlier_round_that_all_share_stays_apart_from_their_own(int examples)
    {
        var trainer = new Trainer<int>(_model, async (g, example) =>
        {
            Expr total = Sum(g.Use(_w));
            await total;
            return Sum(Multiply(total, Tanh((_w * g.Input(Input(example, 0))) + (example / 8.0))));
        }, new Sgd(0));

        double loss = trainer.Step([.. Enumerable.Range(0, examples)]);
        double expected = Enumerable.Range(0, examples).Average(
            example => _weights.Sum() * Product(Input(example, 0)).Sum(y => Math.Tanh(y + (example / 8.0))));
        Assert.Equal(expected, loss, 1e-12);
    }

    private static int Word(int example, int t) => (example * example + t) % Words;

    private static double Number(int example, int t) => (example % 2) + (t / 8.0);

    private static double[] Input(int example, int t) => [.. Enumerable.Range(0, Size).Select(i => Math.Sin(example + (10 * t) + (100 * i)))];

    // Column j of W begins at j·Size.
    private double[] Product(double[] x) => [.. Enumerable.Range(0, Size).Select(i => Enumerable.Range(0, Size).Sum(j => _weights[(j * Size) + i] * x[j]))];

    private IEnumerable<double[]> Defined(int example)
    {
        double[] h = new double[Size];
        for (int t = 0; t < Steps; t++)
        {
            (double[] product, double[] input) = (Product(h), Input(example, t));
            h = [.. Enumerable.Range(0, Size).Select(i =>
                _weights.Sum() * Math.Tanh(product[i] + _columns[(Word(example, t) * Size) + i] + input[i] + Number(example, t)))];
            yield return h;
        }
    }
}
