using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace BlasNet;

/// <summary>Metrics and traces for monitoring: a <see cref="Meter"/> and an <see cref="ActivitySource"/>, both named BlasNet. They cost
/// nothing while nobody listens.</summary>
/// <remarks>
/// Instruments, as <c>dotnet-counters monitor -n NAME --counters BlasNet</c> shows them:
/// <c>blasnet.steps</c>, optimizer steps; <c>blasnet.examples</c>, examples trained with; <c>blasnet.step.duration</c>, seconds of a step;
/// <c>blasnet.evaluations</c>, examples evaluated; <c>blasnet.plan_cache.hits</c> and <c>blasnet.plan_cache.misses</c>, microbatches whose plan was found or
/// had to be made. Each rank counts its own work, except for steps and their examples: these every rank counts in full.
/// Of a <see cref="Serving.BatchingEvaluator{TExample, TResult}"/>, with the tag <c>model</c>: <c>blasnet.serving.queue.length</c>, requests that wait;
/// <c>blasnet.serving.batch.size</c>, requests computed together; <c>blasnet.serving.wait.duration</c>, seconds of a request in the queue;
/// <c>blasnet.serving.compute.duration</c>, seconds of computing a batch; <c>blasnet.serving.refusals</c>, requests refused.
/// Activities: <c>blasnet.step</c> with the tags <c>step</c>, <c>examples</c> and <c>loss</c>, and <c>blasnet.evaluation</c>.
/// <code>
/// builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(Telemetry.Name)).WithTracing(traces => traces.AddSource(Telemetry.Name));
/// </code>
/// </remarks>
public static class Telemetry
{
    /// <summary>The name of both: <c>BlasNet</c>.</summary>
    public const string Name = "BlasNet";

    internal static readonly Meter Meter = new(Name);
    private static readonly ActivitySource Activities = new(Name);
    private static readonly Counter<long> Steps = Meter.CreateCounter<long>("blasnet.steps", "{step}", "Optimizer steps.");
    private static readonly Counter<long> Examples = Meter.CreateCounter<long>("blasnet.examples", "{example}", "Examples trained with.");
    private static readonly Histogram<double> StepDuration = Meter.CreateHistogram<double>("blasnet.step.duration", "s", "Time of an optimizer step.");
    private static readonly Counter<long> Evaluations = Meter.CreateCounter<long>("blasnet.evaluations", "{example}", "Examples evaluated.");
    private static readonly Counter<long> PlanHits = Meter.CreateCounter<long>("blasnet.plan_cache.hits", "{microbatch}", "Microbatches whose plan was found.");
    private static readonly Counter<long> PlanMisses = Meter.CreateCounter<long>("blasnet.plan_cache.misses", "{microbatch}",
        "Microbatches whose plan was made.");

    internal static Activity? BeginStep() => Activities.StartActivity("blasnet.step");

    internal static Activity? BeginEvaluation() => Activities.StartActivity("blasnet.evaluation");

    /// <summary>Counts a step that has been made.</summary>
    internal static void AddStep(Activity? activity, long step, int examples, double loss, long start)
    {
        Steps.Add(1);
        Examples.Add(examples);
        if (StepDuration.Enabled)
            StepDuration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds);

        if (activity is { IsAllDataRequested: true })
            activity.SetTag("step", step).SetTag("examples", examples).SetTag("loss", loss);
    }

    internal static void AddEvaluations(int examples) => Evaluations.Add(examples);

    internal static void AddPlan(bool isFound) => (isFound ? PlanHits : PlanMisses).Add(1);
}
