namespace BlasNet.Serving;

/// <summary>How a <see cref="BatchingEvaluator{TExample, TResult}"/> makes batches of requests.</summary>
public sealed record BatchingOptions<TExample>
{
    /// <summary>The value of the tag <c>model</c> at the instruments of <see cref="Telemetry"/>.</summary>
    public string Name { get; init; } = "model";

    /// <summary>How many requests are computed together at most.</summary>
    public int MaxBatchSize { get; init; } = 64;

    /// <summary>What a request costs, in any unit: the words of a sentence, the pixels of an image. Null to count requests alone. Called on the
    /// requester's thread; what it throws, the requester gets.</summary>
    public Func<TExample, int>? Cost { get; init; }

    /// <summary>The largest sum of <see cref="Cost"/> in a batch. A request that costs more than that is computed alone.</summary>
    public long MaxBatchCost { get; init; } = long.MaxValue;

    /// <summary>How many requests may wait. One more is refused with a <see cref="QueueFullException"/>.</summary>
    public int QueueLimit { get; init; } = 1024;

    /// <summary>How many batches are computed at once, each on a thread of the thread pool; at first the number of processors. While several
    /// are, matrix products are not divided among threads.</summary>
    /// <remarks>Where a batch takes long, 50 ms or more, let the pool have threads besides (<see cref="ThreadPool.SetMinThreads"/>), so that other work is
    /// not held up.</remarks>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>How long a free worker waits for a batch to fill, from the arrival of its first request, to the millisecond. Zero, the default: not at
    /// all; a batch is what came while the workers were busy.</summary>
    public TimeSpan MaxDelay { get; init; }

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Name);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBatchCost, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(QueueLimit, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Workers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Workers, 256);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxDelay, TimeSpan.FromMinutes(1));
    }
}
