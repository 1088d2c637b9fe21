using System.Globalization;
using System.Numerics;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Tests.Oracle;

/// <summary>Random programs: unbatched = batched = the oracle, values and gradients, with every pass on and off.</summary>
/// <remarks><c>BLASNET_RANDOM_GRAPHS=N</c> runs N programs instead of 500; <c>BLASNET_RANDOM_SEED=S</c> runs seed S alone.</remarks>
public sealed class RandomGraphTests
{
    private const int Parts = 8;

    /// <summary>Seeds that once failed, each by another mistake: a gradient that was part of a stack; sums over stacks of different sizes; a
    /// gradient that another node reads after it has become the sum over passes; a plan found again without its constants; a gradient whose
    /// columns merged with those of a wider one.</summary>
    private static readonly int[] PastFailures = [1, 9, 17, 56, 34, 649, 749, 1643, 118, 8131];

    public static TheoryData<int> AllParts => [.. Enumerable.Range(0, Parts)];

    private static int? Only => int.TryParse(Environment.GetEnvironmentVariable("BLASNET_RANDOM_SEED"), CultureInfo.InvariantCulture, out int seed) ? seed : null;

    private static int ProgramCount =>
        int.TryParse(Environment.GetEnvironmentVariable("BLASNET_RANDOM_GRAPHS"), CultureInfo.InvariantCulture, out int count) ? count : 500;

    [Theory, MemberData(nameof(AllParts))]
    public void Batched_equals_unbatched_equals_the_oracle(int part)
    {
        IEnumerable<int> seeds = Only is { } only ? [only] : Enumerable.Range(0, ProgramCount).Where(seed => seed % Parts == part);
        foreach (int seed in seeds)
            CheckSeed(seed);
    }

    [Fact]
    public void Programs_that_once_failed_pass()
    {
        foreach (int seed in PastFailures)
            CheckSeed(seed);
    }

    /// <summary>Differentiating the minibatch graph and batching the result, or batching first: the same gradients.</summary>
    [Fact]
    public void Batching_and_differentiating_commute()
    {
        for (int seed = 100_000; seed < 100_200; seed++)
        {
            RandomProgram program = RandomProgram.Create(seed);
            using var batchFirst = new BlasNetRun<double>(program.Parameters, new EngineOptions());
            using var differentiateFirst = new BlasNetRun<double>(program.Parameters, new EngineOptions { DifferentiateFirst = true });
            double tolerance = 1e-12 * Math.Max(1, program.Evaluate().LargestAdjoint);
            var (expected, actual) = (batchFirst.Run(program, passes: 1).Gradients, differentiateFirst.Run(program, passes: 1).Gradients);
            for (int i = 0; i < expected.Length; i++)
                Assert.Null(Difference(expected[i], actual[i], tolerance) is { } where ? $"seed {seed}, {program.Parameters[i].Name}, {where}" : null);
        }
    }

    [Fact]
    public void Random_programs_reach_every_operator()
    {
        var seen = new HashSet<Operator>();
        for (int seed = 0; seed < 300; seed++)
        {
            RandomProgram program = RandomProgram.Create(seed);
            using var run = new BlasNetRun<double>(program.Parameters, new EngineOptions { DifferentiateFirst = seed % 2 == 0 });
            run.Run(program, passes: 1);
            for (int node = 0; node < run.PlannedGraph.Count; node++)
                seen.Add(run.PlannedGraph.OperatorOf(node));
        }

        // Arguments, and sums value by value, are part of functions' bodies alone; results are of calls and fused cells; what is spread follows from no example.
        Operator[] inBodies = [ArgumentOperator.Instance, PlusOperator.Instance, ResultOperator.Instance, SpreadOperator.Instance];
        Assert.Empty(OperatorCatalog.All.Except(seen).Except(inBodies).Select(op => op.Name));
    }

    private static void CheckSeed(int seed)
    {
        RandomProgram program = RandomProgram.Create(seed);
        foreach ((EngineOptions options, int passes) in Configurations(seed))
        {
            if (Difference(program, options, passes) is not { } difference)
                continue;

            // The fewest examples that still fail say most.
            foreach (RandomExample example in program.Examples)
            {
                RandomProgram fewer = program with { Examples = [.. program.Examples.Where(other => other != example)] };
                if (fewer.Examples.Count > 0 && Difference(fewer, options, passes) is { } still)
                    (program, difference) = (fewer, still);
            }

            Assert.Fail($"BLASNET_RANDOM_SEED={seed} shows it: {difference}\nwith {options}, {passes} passes\n{program}");
        }
    }

    // The defaults, everything off, and one more combination, which goes through all of them from seed to seed.
    private static IEnumerable<(EngineOptions, int)> Configurations(int seed)
    {
        yield return (new EngineOptions { Verify = true }, 1);
        yield return (new EngineOptions { Batching = false, Simplify = false, ReuseMemory = false, Verify = true }, 1);
        yield return (new EngineOptions
        {
            Batching = (seed & 1) == 0,
            DifferentiateFirst = (seed & 2) == 0,
            Simplify = (seed & 4) == 0,
            Fuse = (seed & 8) == 0,
            ReuseMemory = (seed & 8) == 0,
            Verify = true,
        }, 1 + seed % 3);
        yield return (new EngineOptions { DifferentiateFirst = true, Verify = true }, 1);
    }

    private static string? Difference(RandomProgram program, EngineOptions options, int passes) =>
        Difference<double>(program, options, passes, 1e-10) ?? Difference<float>(program, options, passes, 2e-3);

    // Twice on one engine, with other numbers the second time: what is kept from run to run must be structure only.
    private static string? Difference<T>(RandomProgram program, EngineOptions options, int passes, double tolerance) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        try
        {
            using var run = new BlasNetRun<T>(program.Parameters, options);
            return Difference(run, program, passes, tolerance) is { } first ? first
                : Difference(run, program.Moved(), passes, tolerance) is { } second ? $"second run: {second}" : null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            return $"{typeof(T).Name}: {e}";
        }
    }

    private static string? Difference<T>(BlasNetRun<T> run, RandomProgram program, int passes, double tolerance) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        OracleResult expected = program.Evaluate();
        if (typeof(T) == typeof(float) && expected.LargestAdjoint > 1e3)   // rounding would be all there is to see
            return null;

        var (outputs, gradients) = run.Run(program, passes);
        string[] names = [.. program.Examples.SelectMany(example => example.Outputs.Append(example.Loss).Select(output => $"example {example.Number}, v{output}"))];
        for (int i = 0; i < outputs.Count; i++)
        {
            if (Difference(expected.Outputs[i], outputs[i], tolerance) is { } where)
                return $"{typeof(T).Name}, value of {names[i]}, {where}";
        }

        for (int i = 0; i < gradients.Length; i++)
        {
            if (Difference(expected.Gradients[i], gradients[i], tolerance * Math.Max(1, expected.LargestAdjoint)) is { } where)
                return $"{typeof(T).Name}, gradient of {program.Parameters[i].Name}, {where}";
        }

        return null;
    }

    private static string? Difference(double[] expected, double[] actual, double tolerance)
    {
        if (expected.Length != actual.Length)
            return $"{expected.Length} elements expected, {actual.Length} given";

        for (int i = 0; i < expected.Length; i++)
        {
            if (!(Math.Abs(expected[i] - actual[i]) <= tolerance * (1 + Math.Abs(expected[i]))))
                return $"element {i}: expected {expected[i]:R}, got {actual[i]:R}";
        }

        return null;
    }
}
