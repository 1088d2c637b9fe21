using BlasNet.Graphs;
using BlasNet.Memory;
using BlasNet.Operators;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>Whether a step may be made is decided by bounds: no step gives more than they say, or it would make a parameter infinite unseen.</summary>
public sealed class OptimizerBoundsTests
{
    private const int Length = 67;

    private static readonly Dictionary<string, Func<Optimizer>> Optimizers = new()
    {
        ["sgd"] = () => new Sgd(0.3),
        ["sgd that decays"] = () => new Sgd(0.3) { WeightDecay = 9 },
        ["sgd, clipped"] = () => new Sgd(0.3) { ClipValue = 0.01 },
        ["momentum"] = () => new Sgd(0.3, momentum: 0.9),
        ["nesterov"] = () => new Sgd(0.3, momentum: 0.9, nesterov: true),
        ["adam"] = () => new Adam(0.3, epsilon: 1e-6),
        ["adam without means"] = () => new Adam(0.3, beta1: 0, beta2: 0, epsilon: 1e-6),
        ["adamw"] = () => new AdamW(0.3, weightDecay: 5),
        ["lion"] = () => new Lion(0.3),
        ["adagrad"] = () => new Adagrad(0.3, epsilon: 1e-6),
        ["rmsprop"] = () => new RmsProp(0.3, epsilon: 1e-6),
    };

    public static TheoryData<string, long> Cases => new(Optimizers.Keys.SelectMany(name => new[] { 1L, 2L, 5_000_000L }.Select(step => (name, step))));

    [Theory, MemberData(nameof(Cases))]
    public void No_step_gives_more_than_its_bounds(string name, long step)
    {
        var random = new Random(name.Length);
        for (int draw = 0; draw < 200; draw++)
        {
            Optimizer optimizer = Optimizers[name]();
            optimizer.AverageFrom = draw % 2 == 0 ? null : 1;
            double[] p = Draw(random), g = Draw(random);
            double[][] state = [.. Enumerable.Range(0, optimizer.StateBuffers).Select(_ => Draw(random))];
            bool averages = optimizer.AverageFrom is not null;
            int own = state.Length - (averages ? 1 : 0);
            if (name is not ("momentum" or "nesterov" or "lion") && own > 0)
                state[own - 1] = [.. state[own - 1].Select(Math.Abs)];   // squares

            Magnitudes Largest() => new(Max(p), own > 0 ? Max(state[0]) : 0, own > 1 ? Max(state[1]) : 0, averages ? Max(state[own]) : 0);
            var bound = new SweepResult { Largest = Largest(), LargestGradient = Max(g) };
            double[] flat = [.. state.SelectMany(buffer => buffer)];
            var range = new OptimizerRange<double>(p, g, flat);
            optimizer.Sweep(SweepMode.Bound, range, [], UpdateGroup.All, gradientScale: 0.5, step, ref bound);
            var applied = new SweepResult();
            optimizer.Sweep(SweepMode.Apply, range, [new Segment(0, Length)], UpdateGroup.All, gradientScale: 0.5, step, ref applied);
            state = [.. flat.Chunk(Length)];

            AssertAtMost(bound.Largest, Largest(), slack: 2);   // of sums whose terms are largest at different corners; overflow is a million times away
            Assert.Equal(Largest(), applied.Largest);           // what the next step begins with
        }
    }

    /// <summary>Of the words of a table some have large squares in their state, others, new ones, none.</summary>
    [Fact]
    public void The_bound_of_a_denominator_is_that_of_the_smallest_and_not_of_the_largest()
    {
        using var model = new Model();
        Parameter p = model.Bias("p", 2);
        var optimizer = new RmsProp(0);
        var trainer = new Trainer<float[]>(model, (g, x) => Op.Sum(p * g.Input(x)), optimizer);
        trainer.Step([[1e10f, 0]]);
        optimizer.LearningRate = 2e38;   // 1/√(1 − 0.9) times that is infinite

        Assert.Throws<NonFiniteException>(() => trainer.Step([[0, 1]]));
        Assert.Equal([0, 0], model.ValuesOf(p));
    }

    private static void AssertAtMost(Magnitudes bound, Magnitudes actual, double slack) =>
        Assert.True(
            actual.Parameters <= slack * bound.Parameters && actual.First <= slack * bound.First && actual.Second <= slack * bound.Second
            && actual.Average <= slack * bound.Average, $"{actual} is more than {bound}.");

    private static double Max(double[] values) => values.Max(Math.Abs);

    // Of any magnitude; and a third of them 0.
    private static double[] Draw(Random random)
    {
        double magnitude = Math.Pow(10, random.Next(-6, 7));
        return [.. Enumerable.Range(0, Length).Select(_ => random.Next(3) == 0 ? 0 : magnitude * (2 * random.NextDouble() - 1))];
    }
}
