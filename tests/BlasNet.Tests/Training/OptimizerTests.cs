using System.Numerics;
using BlasNet.Memory;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

public sealed class OptimizerTests
{
    /// <summary>One parameter through one step: (p, g, its state, t) to the new p; written as in the paper.</summary>
    public delegate double Formula(double p, double g, double[] state, int t);

    public sealed record Rule(string Name, Func<Optimizer> Create, Formula Formula)
    {
        public override string ToString() => Name;
    }

    public static TheoryData<Rule> Rules =>
    [
        new Rule("SGD", () => new Sgd(0.1), Sgd(0.1)),
        new Rule("SGD with momentum", () => new Sgd(0.05, 0.9), Momentum(0.05, 0.9)),
        new Rule("SGD with Nesterov's momentum", () => new Sgd(0.05, 0.8, nesterov: true), Nesterov(0.05, 0.8)),
        new Rule("Adam", () => new Adam(0.01), Adam(0.01, 0.9, 0.999, 1e-8)),
        new Rule("Adam, other constants", () => new Adam(0.02, 0.5, 0.9, 0.1), Adam(0.02, 0.5, 0.9, 0.1)),
        new Rule("Adam without mean", () => new Adam(0.002, 0, 0.9, 1e-4), Adam(0.002, 0, 0.9, 1e-4)),
        new Rule("Adagrad", () => new Adagrad(0.2, 1e-4), Adagrad(0.2, 1e-4)),
        new Rule("RMSProp", () => new RmsProp(0.003, 0.9, 1e-4), RmsProp(0.003, 0.9, 1e-4)),
        new Rule("AdamW", () => new AdamW(0.01, 0.1), Decayed(Adam(0.01, 0.9, 0.999, 1e-8), 0.01 * 0.1)),
        new Rule("Lion", () => new Lion(0.002), Lion(0.002, 0.9, 0.99, 0)),
        new Rule("Lion with weight decay", () => new Lion(0.002, 0.8, 0.95) { WeightDecay = 0.3 }, Lion(0.002, 0.8, 0.95, 0.3)),
        new Rule("momentum with weight decay", () => new Sgd(0.05, 0.9) { WeightDecay = 0.2 }, Decayed(Momentum(0.05, 0.9), 0.05 * 0.2)),
        new Rule("Adam, clipped", () => new Adam(0.01) { ClipValue = 0.1 }, Clipped(Adam(0.01, 0.9, 0.999, 1e-8), 0.1)),
        new Rule("SGD with a schedule", () => new Sgd(0.1) { Schedule = Schedule.Step(3, 0.999) }, (p, g, _, t) => p - 0.1 * Math.Pow(0.999, (t - 1) / 3) * g),
    ];

    [Theory, MemberData(nameof(Rules))]
    public void Every_length_follows_the_formula_of_the_paper_in_double(Rule rule)
    {
        for (int length = 0; length <= 3 * Vector<double>.Count + 1; length++)
            AssertFollows<double>(rule, length, tolerance: 1e-12);
    }

    [Theory, MemberData(nameof(Rules))]
    public void Every_length_follows_the_formula_of_the_paper_in_float(Rule rule)
    {
        for (int length = 0; length <= 3 * Vector<float>.Count + 1; length++)
            AssertFollows<float>(rule, length, tolerance: 2e-5);
    }

    [Theory, MemberData(nameof(Rules))]
    public void Any_division_into_ranges_gives_the_same_bits(Rule rule)
    {
        const int Length = 101;
        var (whole, parts) = (new Buffers<float>(rule.Create(), Length), new Buffers<float>(rule.Create(), Length));
        var random = new Random(rule.Name.Length);

        for (int step = 1; step <= 5; step++)
        {
            whole.NewGradient(step);
            parts.NewGradient(step);
            whole.Optimizer.Update(whole.Range, 0.5, step);

            for (int start = 0, length; start < Length; start += length)
            {
                length = Math.Min(random.Next(1, 30), Length - start);
                parts.Optimizer.Update(parts.Range.Slice(start, length), 0.5, step);
            }
        }

        Assert.Equal(whole.Parameters, parts.Parameters);
        Assert.Equal(whole.State, parts.State);
    }

    [Theory, MemberData(nameof(Rules))]
    public void A_step_allocates_nothing(Rule rule)
    {
        var buffers = new Buffers<float>(rule.Create(), 1003);
        buffers.NewGradient(1);
        buffers.Optimizer.Update(buffers.Range, 1, 1);

        int step = 2;
        Allocations.AssertNone(() => buffers.Optimizer.Update(buffers.Range, 1, step++));
    }

    /// <summary>The sparse variant of every optimizer: what is in no part stands still, with its state; all else is as without parts.</summary>
    [Theory, MemberData(nameof(Rules))]
    public void Only_the_parts_given_are_updated(Rule rule)
    {
        Segment[] parts = [new(3, 1), new(20, 19), new(64, 16), new(99, 2)];
        var (whole, some) = (new Buffers<float>(rule.Create(), 101), new Buffers<float>(rule.Create(), 101));
        var (untouched, untouchedState) = (some.Parameters.ToArray(), some.State.ToArray());
        for (int step = 1; step <= 5; step++)
        {
            whole.NewGradient(step);
            some.NewGradient(step);
            whole.Optimizer.Update(whole.Range, 0.5, step);
            some.Optimizer.Update(some.Range, parts, 0.5, step);
        }

        for (int i = 0; i < 101 * (1 + rule.Create().StateBuffers); i++)
        {
            bool isPart = parts.Any(part => i % 101 >= part.Start && i % 101 < part.End);
            var (expected, given) = i < 101 ? (isPart ? whole.Parameters : untouched, some.Parameters) : (isPart ? whole.State : untouchedState, some.State);
            Assert.Equal(expected[i < 101 ? i : i - 101], given[i < 101 ? i : i - 101]);
        }
    }

    /// <summary>How many numbers each keeps for a parameter, and one more for the average.</summary>
    [Fact]
    public void State_is_kept_for_what_the_formula_has()
    {
        Optimizer[] optimizers = [new Sgd(0.1), new Sgd(0.1, 0.9), new Adam(), new AdamW(), new Adagrad(), new RmsProp(), new Lion()];
        Assert.Equal([0, 1, 2, 2, 1, 1, 1], optimizers.Select(optimizer => optimizer.StateBuffers));
        foreach (Optimizer optimizer in optimizers)
            optimizer.AverageFrom = 3;

        Assert.Equal([1, 2, 3, 3, 2, 2, 2], optimizers.Select(optimizer => optimizer.StateBuffers));
    }

    /// <summary>Of a model without parameters.</summary>
    [Fact]
    public void An_empty_range_has_no_state_and_is_updated_by_any_optimizer()
    {
        var range = new OptimizerRange<float>([], [], []);
        new Adam().Update(range, 1, 1);
        Assert.Equal(0, range.StateBuffers);
    }

    [Fact]
    public void A_slice_of_a_slice_updates_only_its_own_elements()
    {
        var buffers = new Buffers<double>(new Adam(), 20);
        double[] before = [.. buffers.Parameters];
        buffers.NewGradient(1);

        buffers.Optimizer.Update(buffers.Range.Slice(3, 15).Slice(2, 6), 1, 1);

        Assert.Equal(Enumerable.Range(5, 6), Enumerable.Range(0, 20).Where(i => buffers.Parameters[i] != before[i]));
        Assert.Equal([.. Enumerable.Range(5, 6), .. Enumerable.Range(25, 6)], Enumerable.Range(0, 40).Where(i => buffers.State[i] != 0));
    }

    [Fact]
    public void A_decaying_average_ends_at_0_and_not_at_a_subnormal_number()
    {
        var buffers = new Buffers<float>(new Adam(), 9);
        buffers.NewGradient(1);

        for (int step = 1; step <= 1200; step++)
        {
            buffers.Optimizer.Update(buffers.Range, 1, step);
            buffers.Gradient.AsSpan().Clear();
        }

        Assert.All(buffers.State[..9], mean => Assert.Equal(0, mean));
    }

    [Fact]
    public void Adam_moves_a_parameter_by_the_learning_rate_in_its_first_step_whatever_the_gradient()
    {
        double[] p = [1, 1, 1], g = [1e-4, -1, 1e4], state = new double[6];

        new Adam(0.01).Update(new OptimizerRange<double>(p, g, state), 1, step: 1);

        Assert.Equal(0.99, p[0], 1e-5);
        Assert.Equal(1.01, p[1], 1e-9);
        Assert.Equal(0.99, p[2], 1e-9);
    }

    [Theory, MemberData(nameof(Rules))]
    public void A_quadratic_bowl_is_descended(Rule rule)
    {
        Optimizer optimizer = rule.Create();
        double[] p = [1, -2, 0.5], g = new double[3], state = new double[optimizer.StateBuffers * 3];

        for (int step = 1; step <= 2000; step++)
        {
            for (int i = 0; i < 3; i++)
                g[i] = (i + 1) * p[i];

            optimizer.Update(new OptimizerRange<double>(p, g, state), 1, step);
        }

        Assert.All(p, value => Assert.Equal(0, value, 0.02));
    }

    [Fact]
    public void A_new_learning_rate_acts_from_the_next_step()
    {
        double[] p = [1], g = [1];
        var optimizer = new Sgd(0.5);
        optimizer.Update(new OptimizerRange<double>(p, g, []), 1, 1);
        optimizer.LearningRate = 0.25;
        optimizer.Update(new OptimizerRange<double>(p, g, []), 1, 2);

        Assert.Equal(0.25, p[0]);
    }

    [Fact]
    public void Arguments_out_of_range_are_named()
    {
        AssertRefused("LearningRate", () => _ = new Sgd(-1));
        AssertRefused("LearningRate", () => new Sgd(0.1).LearningRate = double.NaN);
        AssertRefused("LearningRate", () => _ = new Adam(double.PositiveInfinity));
        AssertRefused("WeightDecay", () => new Sgd(0.1).WeightDecay = double.PositiveInfinity);
        AssertRefused("momentum", () => _ = new Sgd(0.1, 1));
        AssertRefused("nesterov", () => _ = new Sgd(0.1, 0, nesterov: true));
        AssertRefused("beta1", () => _ = new Adam(beta1: 1));
        AssertRefused("beta2", () => _ = new Adam(beta2: -0.1));
        AssertRefused("epsilon", () => _ = new Adam(epsilon: 0));
        AssertRefused("epsilon", () => _ = new Adagrad(epsilon: 0));
        AssertRefused("decay", () => _ = new RmsProp(decay: 1));
        AssertRefused("beta2", () => _ = new Lion(beta2: 1));
        AssertRefused("WeightDecay", () => _ = new AdamW(weightDecay: -1));
        AssertRefused("ClipValue", () => new Adam().ClipValue = 0);
        AssertRefused("ClipNorm", () => new Adam().ClipNorm = double.NaN);
        AssertRefused("AverageFrom", () => new Adam().AverageFrom = 0);
        AssertRefused("gradient", () => _ = new OptimizerRange<float>(new float[2], new float[3], []));
        AssertRefused("state", () => _ = new OptimizerRange<float>(new float[2], new float[2], new float[3]));
        AssertRefused("range", () => new Adam().Update(new OptimizerRange<float>(new float[2], new float[2], new float[2]), 1, 1));
        AssertRefused("step", () => new Adam().Update(new OptimizerRange<float>(new float[2], new float[2], new float[4]), 1, 0));

        static void AssertRefused(string parameter, Action action) =>
            Assert.Equal(parameter, Assert.ThrowsAny<ArgumentException>(action).ParamName);
    }

    private static Formula Sgd(double rate) => (p, g, _, _) => p - rate * g;

    private static Formula Momentum(double rate, double momentum) => (p, g, state, _) =>
    {
        state[0] = momentum * state[0] + g;
        return p - rate * state[0];
    };

    private static Formula Nesterov(double rate, double momentum) => (p, g, state, _) =>
    {
        state[0] = momentum * state[0] + g;
        return p - rate * (g + momentum * state[0]);
    };

    private static Formula Adam(double rate, double beta1, double beta2, double epsilon) => (p, g, state, t) =>
    {
        state[0] = beta1 * state[0] + (1 - beta1) * g;
        state[1] = beta2 * state[1] + (1 - beta2) * g * g;
        double mean = state[0] / (1 - Math.Pow(beta1, t));
        double square = state[1] / (1 - Math.Pow(beta2, t));
        return p - rate * mean / (Math.Sqrt(square) + epsilon);
    };

    private static Formula Adagrad(double rate, double epsilon) => (p, g, state, _) =>
    {
        state[0] += g * g;
        return p - rate * g / (Math.Sqrt(state[0]) + epsilon);
    };

    private static Formula RmsProp(double rate, double decay, double epsilon) => (p, g, state, _) =>
    {
        state[0] = decay * state[0] + (1 - decay) * g * g;
        return p - rate * g / (Math.Sqrt(state[0]) + epsilon);
    };

    private static Formula Lion(double rate, double beta1, double beta2, double weightDecay) => (p, g, state, _) =>
    {
        double direction = Math.Sign(beta1 * state[0] + (1 - beta1) * g);
        state[0] = beta2 * state[0] + (1 - beta2) * g;
        return p - rate * (direction + weightDecay * p);
    };

    // All of these formulas add to the old parameter something that does not depend on it.
    private static Formula Decayed(Formula formula, double decay) => (p, g, state, t) => formula(p, g, state, t) - decay * p;

    private static Formula Clipped(Formula formula, double bound) => (p, g, state, t) => formula(p, Math.Clamp(g, -bound, bound), state, t);

    private static void AssertFollows<T>(Rule rule, int length, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const double Scale = 0.25;
        var buffers = new Buffers<T>(rule.Create(), length);
        double[] expected = [.. buffers.Parameters.Select(double.CreateTruncating)];
        double[][] states = [.. Enumerable.Range(0, length).Select(_ => new double[2])];

        for (int step = 1; step <= 20; step++)
        {
            buffers.NewGradient(step);
            buffers.Optimizer.Update(buffers.Range, Scale, step);

            for (int i = 0; i < length; i++)
                expected[i] = rule.Formula(expected[i], Scale * double.CreateTruncating(buffers.Gradient[i]), states[i], step);
        }

        for (int i = 0; i < length; i++)
            Assert.True(Math.Abs(expected[i] - double.CreateTruncating(buffers.Parameters[i])) < tolerance, $"element {i} of {length}");
    }

    private sealed class Buffers<T>(Optimizer optimizer, int length)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Optimizer Optimizer { get; } = optimizer;

        public T[] Parameters { get; } = Draw(seed: 0, length);

        public T[] Gradient { get; } = new T[length];

        public T[] State { get; } = new T[optimizer.StateBuffers * length];

        public OptimizerRange<T> Range => new(Parameters, Gradient, State);

        public void NewGradient(int seed) => Draw(seed, Gradient.Length).CopyTo(Gradient, 0);

        private static T[] Draw(int seed, int length)
        {
            var random = new Random(seed);
            return [.. Enumerable.Range(0, length).Select(_ => T.CreateTruncating((float)(2 * random.NextDouble() - 1)))];
        }
    }
}
