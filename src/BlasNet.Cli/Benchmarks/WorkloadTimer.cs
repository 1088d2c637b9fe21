using System.Diagnostics;
using BlasNet.Cli.Output;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Passes;

namespace BlasNet.Cli.Benchmarks;

/// <summary>Times the optimizer steps of a workload: a warm-up, then as many steps as fit in the time given, each by itself.</summary>
internal sealed class WorkloadTimer
{
    private const int MaximumSteps = 100_000, MinimumSteps = 5, ProfiledSteps = 5;

    // Operators that move values without computing any.
    private static readonly HashSet<string> Copying = ["gather", "scatter-add", "broadcast", "concatenate", "slice", "pad"];

    private readonly double[] _seconds = new double[MaximumSteps];

    /// <exception cref="OperationCanceledException">After the step during which it was asked for.</exception>
    public WorkloadMeasurement Run(Workload workload, TimeSpan duration, CancellationToken cancellation)
    {
        double peak = GemmPeak.Measure(ComputeThreads.Count);
        double firstPassLoss = WarmUp(workload, duration / 4, cancellation);
        PhaseTimes times = workload.Times;
        (long build, long batch, long differentiate, long plan, long execute, long update) =
            (times.Build, times.Batch, times.Differentiate, times.Simplify + times.Plan, times.Execute, times.Update);
        (long gemms, long gemvs, long words) = (Gemm.GemmCalls, Gemm.GemvCalls, 0);
        long bytes = GC.GetTotalAllocatedBytes(precise: true);
        int steps = 0;
        long start = Stopwatch.GetTimestamp(), end = start;
        while (steps < MaximumSteps && (steps < MinimumSteps || Stopwatch.GetElapsedTime(start, end) < duration))
        {
            cancellation.ThrowIfCancellationRequested();
            long begin = Stopwatch.GetTimestamp();
            workload.Step();
            end = Stopwatch.GetTimestamp();
            words += workload.Words;
            _seconds[steps++] = Stopwatch.GetElapsedTime(begin, end).TotalSeconds;
        }

        bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        (gemms, gemvs) = (Gemm.GemmCalls - gemms, Gemm.GemvCalls - gemvs);
        (build, batch, differentiate) = (times.Build - build, times.Batch - batch, times.Differentiate - differentiate);
        (plan, execute, update) = (times.Simplify + times.Plan - plan, times.Execute - execute, times.Update - update);
        double total = build + batch + differentiate + plan + execute + update;
        double copies = execute * CopyingPart(workload);
        Span<double> seconds = _seconds.AsSpan(0, steps);
        double elapsed = 0;
        foreach (double second in seconds)
            elapsed += second;

        seconds.Sort();
        return new WorkloadMeasurement
        {
            FirstPassLoss = firstPassLoss,
            Steps = steps,
            MedianSeconds = seconds[steps / 2],
            FastestSeconds = seconds[0],
            SlowestSeconds = seconds[^1],
            WordsPerSecond = words / elapsed,
            PeakGflops = Math.Max(peak, GemmPeak.Measure(ComputeThreads.Count)),
            FlopsPerStep = FlopsOf(workload.Plan),
            ManagedBytesPerStep = (double)bytes / steps,
            PeakBytes = workload.Plan.PeakBytes,
            Launches = workload.Plan.StepCount,
            LaunchLowerBound = Benchmarks.LaunchLowerBound.OfStep(workload.NewMinibatch(), workload.Model.Parameters),
            GemmCallsPerStep = (double)gemms / steps,
            GemvCallsPerStep = (double)gemvs / steps,
            CopiedBytes = workload.Plan.CopiedBytes,
            Share = new ShareLine(
                build / total, batch / total, differentiate / total, plan / total, (execute - copies) / total, copies / total, update / total),
        };
    }

    /// <summary>Operations of the products of a plan; a sum of outer products has as many terms as its operands' stack.</summary>
    internal static long FlopsOf(Plan plan)
    {
        Graph graph = plan.Graph;
        var shapes = new List<Shape>();
        long flops = 0;
        foreach (int node in plan.Order)
        {
            int count = graph.CountOf(node);
            shapes.Clear();
            foreach (int input in graph.InputsOf(node))
            {
                shapes.Add(graph.ShapeOf(input));
                count = Math.Max(count, graph.CountOf(input));
            }

            flops += count * graph.OperatorOf(node).Flops(shapes.ToArray(), graph.ShapeOf(node));
        }

        return flops;
    }

    // Tiered compilation replaces code in the background; what it has not replaced by then it leaves.
    private static double WarmUp(Workload workload, TimeSpan duration, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        double first = workload.Step();
        for (int step = 1; step < MinimumSteps || Stopwatch.GetElapsedTime(start) < duration; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            workload.Step();
        }

        return first;
    }

    // Of the time of execution; measured apart, since looking at the clock before and after every launch takes time too.
    private static double CopyingPart(Workload workload)
    {
        var profile = new Profile();
        workload.Profile = profile;
        for (int step = 0; step < ProfiledSteps; step++)
            workload.Step();

        workload.Profile = null;
        double all = profile.Entries.Sum(entry => entry.Time.TotalSeconds);
        return profile.Entries.Where(entry => Copying.Contains(entry.Operator)).Sum(entry => entry.Time.TotalSeconds) / all;
    }
}
