using System.Diagnostics;
using BlasNet.Cli.Output;
using BlasNet.Diagnostics;
using BlasNet.Ranks;
using BlasNet.Training;

namespace BlasNet.Cli.Benchmarks;

/// <summary>Times a workload: passes over its data to warm up, then five that count.</summary>
internal static class WorkloadTimer
{
    public const int Passes = 5;

    private const int ProfiledSteps = 5;

    // Operators that move values without computing any.
    private static readonly HashSet<string> Copying = ["gather", "scatter-add", "broadcast", "concatenate", "slice", "pad"];

    public static bool IsCopy(string name) => Copying.Contains(name);

    /// <param name="workload">What is timed.</param>
    /// <param name="ranks">Those that compute its steps; null for this process alone.</param>
    /// <param name="cancellation">Asked before each step.</param>
    /// <exception cref="OperationCanceledException">After the step during which it was asked for.</exception>
    public static WorkloadMeasurement Run(Workload workload, Communicator? ranks, CancellationToken cancellation)
    {
        double peak = GemmPeak.Measure(workload.Threads);
        double firstPassLoss = RunToWarmUp(workload, ranks, cancellation);
        double[] passes = new double[Passes], steps = new double[Passes * workload.Steps];
        workload.Restart();   // how many passes there were until now is a matter of time
        var profile = new Profile(timesKernels: false);
        workload.Profile = profile;
        long managedBytes = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < steps.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            long begin = Stopwatch.GetTimestamp();
            workload.Step();
            steps[i] = Stopwatch.GetElapsedTime(begin).TotalSeconds;
            passes[i / workload.Steps] += steps[i];
        }

        managedBytes = GC.GetTotalAllocatedBytes(precise: true) - managedBytes;
        return new WorkloadMeasurement
        {
            FirstPassLoss = firstPassLoss,
            Steps = steps.Length,
            Pass = Spread.Of(passes),
            Step = Spread.Of(steps),
            Profile = profile,
            ManagedBytes = managedBytes,
            Kernels = ProfileOf(workload, cancellation),
            LaunchLowerBound = LowerBoundOf(workload, steps.Length, cancellation),
            PeakGflops = Math.Max(peak, GemmPeak.Measure(workload.Threads)),
        };
    }

    private static double RunToWarmUp(Workload workload, Communicator? ranks, CancellationToken cancellation)
    {
        var warmUp = new WarmUp(ranks);
        double first = 0;
        for (bool isFirst = true; isFirst || warmUp.GoesOn(); isFirst = false)   // all ranks make the same steps
        {
            for (int step = 0; step < workload.Steps; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                double loss = workload.Step();
                first += isFirst ? loss : 0;
            }
        }

        return first / workload.Examples;
    }

    /// <returns>The sum over the timed steps.</returns>
    private static long LowerBoundOf(Workload workload, int steps, CancellationToken cancellation)
    {
        long bound = 0;
        workload.Restart();
        for (int step = 0; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            workload.Skip();
            bound += ComputePlan.LowerBoundOf(workload.NewMinibatch());
        }

        return bound;
    }

    // Measured apart, since looking at the clock before and after every launch takes time too.
    private static KernelLine[] ProfileOf(Workload workload, CancellationToken cancellation)
    {
        var profile = new Profile();
        workload.Profile = profile;
        for (int step = 0; step < ProfiledSteps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            workload.Step();
        }

        workload.Profile = null;
        IReadOnlyList<KernelTime> kernels = profile.Kernels;
        double all = kernels.Sum(kernel => kernel.Time.TotalSeconds);
        return
        [
            .. kernels.Select(kernel => new KernelLine(
                kernel.Operator, kernel.Time.TotalSeconds / all, (double)kernel.Launches / ProfiledSteps)),
        ];
    }
}
