using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;
using BlasNet.Tests.Contracts;

namespace BlasNet.Tests.Oracle;

/// <summary>Random programs: training, evaluation, norms and derivatives against the oracle.</summary>
/// <remarks><c>BLASNET_RANDOM_GRAPHS=N</c> runs N programs instead of 2,000, on all processors; <c>BLASNET_RANDOM_SEED=S</c> begins with seed S, and runs it
/// alone unless N is given. Long runs say how far they are, and report a wrong program when it is found, where the runner shows live output.</remarks>
public sealed class RandomGraphTests(ITestOutputHelper output)
{
    private const int DefaultCount = 2000;
    private const int MostReports = 5;
    private const int MostToReachAll = 1500;
    private const int ProgressEvery = 10_000;   // programs: about half a minute

    private static int? Only => Variable("BLASNET_RANDOM_SEED");

    private static int? Wanted => Variable("BLASNET_RANDOM_GRAPHS");

    [Fact]
    public void Random_programs_give_what_the_definitions_give()
    {
        var (first, count) = (Only ?? 0, Wanted ?? (Only is null ? DefaultCount : 1));
        var options = new ParallelOptions
        {
            MaxDegreeOfParallelism = Wanted is null ? 1 : Environment.ProcessorCount,
            CancellationToken = TestContext.Current.CancellationToken,
        };
        var reports = new ConcurrentQueue<string>();
        var all = new Tally();
        int done = 0;
        var watch = Stopwatch.StartNew();
        Parallel.For(first, first + count, options, () => new Tally(), Check, tally =>
        {
            lock (all)
                all.Add(tally);
        });

        output.WriteLine(all.Describe(watch.Elapsed));
        Assert.True(reports.IsEmpty, string.Join("\n\n", reports));

        Tally Check(int seed, ParallelLoopState loop, Tally tally)
        {
            if (ProgramCheck.Report(seed, tally) is { } report)
            {
                reports.Enqueue(report);
                output.WriteLine(report);
            }

            if (reports.Count >= MostReports)
                loop.Stop();

            int number = Interlocked.Increment(ref done);
            if (number % ProgressEvery == 0)
                output.WriteLine($"{number:N0} of {count:N0} programs in {watch.Elapsed:hh\\:mm\\:ss}, {reports.Count} wrong");

            return tally;
        }
    }

    [Fact]
    public void Random_programs_reach_every_operator()
    {
        // Arguments, and sums value by value, are part of functions' bodies alone; results are of calls and fused cells; what is spread follows from no
        // example.
        var missing = OperatorCatalog.All.Except(
            [ArgumentOperator.Instance, PlusOperator.Instance, ResultOperator.Instance, SpreadOperator.Instance]).ToHashSet();
        for (int seed = 0; seed < MostToReachAll && missing.Count > 0; seed++)
        {
            RandomProgram program = RandomProgram.Create(seed);
            var options = new ComputeOptions { DifferentiateFirst = seed % 2 == 0 };
            var act = new EngineAct(program.Acts[0].Examples, options, (EngineRequest)(seed % 2), Passes: 1);
            var tally = new Tally();
            using var run = new ProgramRun(program with { Precision = Precision.Double }, tally);
            act.Check(run);
            if (tally.Skipped > 0)
                continue;

            Graph planned = run.GetEngine<double>(options).Engine.Plan.Graph;
            for (int node = 0; node < planned.Count; node++)
                missing.Remove(planned.OperatorOf(node));
        }

        Assert.Empty(missing.Select(op => op.Name));
    }

    /// <summary>A program that cannot fail finds nothing.</summary>
    [Fact]
    public void Random_programs_do_what_users_do()
    {
        RandomProgram[] programs = [.. Enumerable.Range(0, 800).Select(RandomProgram.Create)];
        Step[] steps = [.. programs.SelectMany(program => program.Acts).SelectMany(act => act.All).SelectMany(example => example.Steps)];
        Step[] bodies = [.. programs.SelectMany(program => program.Functions).SelectMany(function => function.Steps)];
        IEnumerable<Operation> inExamples =
            [.. Operations.All, .. Operations.Derivatives, Operations.Input, Operations.Index, Operations.Constant, Operations.SignOfZero];
        Assert.Empty(inExamples.Except(steps.Select(step => step.Operation)).Select(operation => operation.Name));
        Assert.Empty(inExamples.Where(operation => !operation.IsForExamples).Except(bodies.Select(step => step.Operation)).Select(operation => operation.Name));
        Assert.Contains(bodies, step => step.Function is not null);
        Assert.Equal([1, 2, 3], programs.SelectMany(program => program.Functions).Select(function => function.Arguments.Length).Distinct().Order());
        Assert.Equal([1, 2, 3, 4], programs.SelectMany(program => program.Functions).Select(function => function.Results.Length).Distinct().Order());
        Assert.Equal(Enum.GetValues<Method>(), programs.Select(program => program.Optimizer.Method).Distinct().Order());

        TrainAct[] training = [.. programs.SelectMany(program => program.Acts).OfType<TrainAct>()];
        Assert.Contains(training, act => act.IsWeighted && act.Examples.Any(example => example.Weight == 0));
        Assert.Contains(training, act => act is { HasBudget: true, Workers: > 1 });
        Assert.Contains(training, act => act is { Penalty: not null });
        Assert.Contains(training, act => act.IsPoisoned);
        Assert.Equal(Enum.GetValues<Noise>(), training.Select(act => act.Noise).Distinct().Order());
        Type[] acts =
        [
            typeof(TrainAct), typeof(EpochAct), typeof(EvaluateAct), typeof(NormsAct), typeof(EngineAct), typeof(DeriveAct), typeof(BatchAct), typeof(TouchAct),
            typeof(RankAct), typeof(CheckpointAct), typeof(ServeAct),
        ];
        Assert.Empty(acts.Except(programs.SelectMany(program => program.Acts).Select(act => act.GetType())));
    }

    private static int? Variable(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int number) ? number : null;
}
