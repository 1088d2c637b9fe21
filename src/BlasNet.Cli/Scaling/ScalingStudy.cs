using BlasNet.Cli.Benchmarks;
using BlasNet.Cli.CommandLine;
using BlasNet.Diagnostics;
using BlasNet.Ranks;
using BlasNet.Training;

namespace BlasNet.Cli.Scaling;

/// <summary>What is asked of <see cref="ScalingStudy"/>.</summary>
/// <param name="Model">The workload's name.</param>
/// <param name="Ranks">Numbers of ranks to compare, ascending.</param>
/// <param name="Network">As far as it is given.</param>
/// <param name="NoiseScale">Of the gradient, in examples; null where it is not known.</param>
/// <param name="Threads">Of each rank.</param>
internal sealed record ScalingQuestion(string Model, IReadOnlyList<int> Ranks, NetworkChoice Network, double? NoiseScale, int Threads);

/// <summary>A plan, and what it rests on.</summary>
/// <param name="Question">What was asked.</param>
/// <param name="Plan">By number of ranks.</param>
/// <param name="Batch">The optimization batch.</param>
/// <param name="Network">That the plan is for.</param>
/// <param name="NetworkSource"><c>given</c>, <c>measured</c> or <c>assumed</c>, as far as it was not given.</param>
/// <param name="MeasuredRanks">Processes that timed steps at the same moments.</param>
/// <param name="GradientBytes">Touched by a whole step.</param>
internal sealed record ScalingAnswer(
    ScalingQuestion Question, ScalingPlan Plan, int Batch, Network Network, string NetworkSource, int MeasuredRanks, double GradientBytes);

/// <summary>Measures what a <see cref="ScalingModel"/> needs, on this process or on all ranks at once.</summary>
/// <param name="workload">Without ranks: each process computes steps of its own.</param>
/// <param name="question">What to plan.</param>
/// <param name="ranks">Those of mpiexec; null for this process alone.</param>
/// <param name="cancellation">Asked before each step.</param>
internal sealed class ScalingStudy(Workload workload, ScalingQuestion question, Communicator? ranks, CancellationToken cancellation)
{
    private Communicator? Ranks => ranks is { Size: > 1 } ? ranks : null;

    /// <exception cref="CommandException">There are fewer examples than a step takes.</exception>
    public ScalingAnswer Run(Action<string> status)
    {
        if (workload.Examples < workload.Batch)
        {
            throw new CommandException(
                $"--batch {workload.Batch}: there are only {workload.Examples} examples; a smaller batch, more data or a larger --limit is needed.");
        }

        IReadOnlyList<int> sizes = StepSampler.SizesFor(workload.Batch, question.Ranks[^1]);
        status($"timing steps of {string.Join(", ", sizes)} examples");
        var curve = new StepCurve(new StepSampler(workload, Ranks, cancellation).Measure(sizes), sizeof(float) * (double)workload.Model.Size);
        double gradientBytes = curve.At(workload.Batch).GradientBytes;
        status("measuring the network and the memory");
        (Network network, string source) = FindNetwork(gradientBytes);
        var plan = new ScalingPlan(NewModel(curve, network, gradientBytes), question.Ranks, workload.Batch);
        return new ScalingAnswer(question, plan, workload.Batch, network, source, Ranks?.Size ?? 1, gradientBytes);
    }

    private (Network Network, string Source) FindNetwork(double gradientBytes)
    {
        if (question.Network.IsComplete)
            return (question.Network.Or(NetworkChoice.Usual), "given");

        return Ranks is { } some
            ? (question.Network.Or(NetworkProbe.Measure(some, gradientBytes)), "measured")
            : (question.Network.Or(NetworkChoice.Usual), "assumed");
    }

    private ScalingModel NewModel(StepCurve curve, Network network, double gradientBytes)
    {
        workload.StepOver(workload.Batch);
        RankTraffic traffic = workload.Traffic;
        return new ScalingModel
        {
            Curve = curve,
            Shares = new WorkShares(workload.Work),
            Network = network,
            MessageBytes = traffic.MessageBytes,
            ColumnBytes = traffic.ColumnBytes,
            IsContiguous = traffic.Ranges == 1,
            SecondsPerByte = NetworkProbe.SecondsPerByte(gradientBytes),
            SlabBytes = sizeof(float) * RankTraffic.SlabElements,
        };
    }
}
