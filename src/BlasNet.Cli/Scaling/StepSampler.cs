using System.Diagnostics;
using BlasNet.Cli.Benchmarks;
using BlasNet.Ranks;

namespace BlasNet.Cli.Scaling;

/// <summary>Times steps of several sizes on this process alone. Sizes take turns, so that a slow second of the machine does not fall on one of them.</summary>
/// <param name="workload">What is timed; without ranks.</param>
/// <param name="ranks">Processes that measure at the same moments, whose means are returned; null for this one alone.</param>
/// <param name="cancellation">Asked before each step.</param>
internal sealed class StepSampler(Workload workload, Communicator? ranks, CancellationToken cancellation)
{
    private const int Rounds = 7;

    private readonly double _meanWork = workload.Work.Average();

    /// <summary>Steps of one size in one round go on for so long.</summary>
    public static TimeSpan Slice { get; set; } = TimeSpan.FromSeconds(0.3);

    /// <param name="batch">The optimization batch, at most the examples of a pass.</param>
    /// <param name="mostRanks">So small are the smallest parts of it.</param>
    /// <returns>Numbers of examples to time: the batch, a half, and quarters from there on.</returns>
    public static IReadOnlyList<int> SizesFor(int batch, int mostRanks)
    {
        int smallest = Math.Max(1, batch / mostRanks);
        List<int> sizes = [batch, Math.Max(1, batch / 2)];
        for (int size = batch / 4; size > smallest; size /= 4)
            sizes.Add(size);

        return [.. sizes.Append(smallest).Distinct()];
    }

    /// <exception cref="OperationCanceledException">It was asked for, on any rank.</exception>
    public IReadOnlyList<StepPoint> Measure(IReadOnlyList<int> sizes)
    {
        RunToWarmUp(sizes);
        List<StepPoint>[] slices = [.. sizes.Select(_ => new List<StepPoint>())];
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < sizes.Count; i++)
                slices[i].Add(Time(sizes[i], Slice));
        }

        StepPoint[] mine = [.. slices.Select(MedianOf)];
        return ranks is null ? mine : [.. Enumerable.Range(0, mine.Length).Select(i => MeanOverRanks(mine[i]))];
    }

    private void RunToWarmUp(IReadOnlyList<int> sizes)
    {
        var warmUp = new WarmUp(ranks);
        do
        {
            foreach (int size in sizes)
                Time(size, WarmUp.Least / 2);
        }
        while (warmUp.GoesOn());
    }

    // The first step of a size chooses its kernels and is not counted. Examples differ: what counts is the time for their work.
    private StepPoint Time(int size, TimeSpan least)
    {
        Meet();
        workload.StepOver(size);
        var profile = new Profile(timesKernels: false);
        workload.Profile = profile;
        double work = 0, seconds = 0, bytes = 0;
        int steps = 0;
        long begin = Stopwatch.GetTimestamp();
        while (steps == 0 || Stopwatch.GetElapsedTime(begin) < least)
        {
            cancellation.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            workload.StepOver(size);
            seconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
            work += workload.LastWork;
            bytes += workload.Traffic.GradientBytes;
            steps++;
        }

        double update = profile.Update.TotalSeconds;
        return new StepPoint(size, (seconds - update) / work * size * _meanWork, update / steps, bytes / steps);
    }

    private void Meet()
    {
        bool isCancelled = ranks?.Any(cancellation.IsCancellationRequested) ?? false;
        if (isCancelled)
            throw new OperationCanceledException(cancellation);
    }

    private static StepPoint MedianOf(List<StepPoint> points) => new(
        points[0].Examples, Median(points.Select(point => point.ComputeSeconds)), Median(points.Select(point => point.UpdateSeconds)),
        points.Average(point => point.GradientBytes));

    private StepPoint MeanOverRanks(StepPoint mine) => new(
        mine.Examples, ranks!.AllGather(mine.ComputeSeconds).Average(), ranks!.AllGather(mine.UpdateSeconds).Average(),
        ranks!.AllGather(mine.GradientBytes).Average());

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
