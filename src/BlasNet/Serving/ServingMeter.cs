using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace BlasNet.Serving;

/// <summary>A queue as the meter sees it.</summary>
internal interface IMeteredQueue
{
    /// <summary>How many requests wait.</summary>
    int Length { get; }

    /// <summary>The tag of its model.</summary>
    KeyValuePair<string, object?> Tag { get; }
}

/// <summary>The instruments of serving, see <see cref="Telemetry"/>.</summary>
internal static class ServingMeter
{
    private static readonly ConditionalWeakTable<IMeteredQueue, object?> Queues = [];

    private static readonly Histogram<int> BatchSizes = Telemetry.Meter.CreateHistogram<int>(
        "blasnet.serving.batch.size", "{request}", "Requests computed together.");

    private static readonly Histogram<double> Waiting = Telemetry.Meter.CreateHistogram<double>(
        "blasnet.serving.wait.duration", "s", "Time of a request in the queue.");

    private static readonly Histogram<double> Computing = Telemetry.Meter.CreateHistogram<double>(
        "blasnet.serving.compute.duration", "s", "Time of computing a batch.");

    private static readonly Counter<long> Refusals = Telemetry.Meter.CreateCounter<long>(
        "blasnet.serving.refusals", "{request}", "Requests refused because the queue was full.");

    static ServingMeter() => Telemetry.Meter.CreateObservableUpDownCounter("blasnet.serving.queue.length", Lengths, "{request}", "Requests that wait.");

    /// <summary>Lets the meter see a queue for as long as anybody else does.</summary>
    public static void Add(IMeteredQueue queue) => Queues.Add(queue, null);

    public static void Remove(IMeteredQueue queue) => Queues.Remove(queue);

    /// <summary>Whether anybody listens to <see cref="AddWaiting"/>.</summary>
    public static bool TimesWaiting => Waiting.Enabled;

    public static void AddWaiting(IMeteredQueue queue, TimeSpan time) => Waiting.Record(time.TotalSeconds, queue.Tag);

    public static void AddBatch(IMeteredQueue queue, int size, TimeSpan elapsed)
    {
        BatchSizes.Record(size, queue.Tag);
        Computing.Record(elapsed.TotalSeconds, queue.Tag);
    }

    public static void AddRefusal(IMeteredQueue queue) => Refusals.Add(1, queue.Tag);

    private static IEnumerable<Measurement<int>> Lengths()
    {
        foreach ((IMeteredQueue queue, _) in Queues)
            yield return new Measurement<int>(queue.Length, queue.Tag);
    }
}
