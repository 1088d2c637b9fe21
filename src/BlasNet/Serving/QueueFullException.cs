using System.Globalization;

namespace BlasNet.Serving;

/// <summary>A request was refused because as many wait as may: the answer of an overloaded service, HTTP's 503.</summary>
public sealed class QueueFullException : Exception
{
    internal QueueFullException(string name, int limit, TimeSpan retryAfter)
        : base(string.Create(
            CultureInfo.InvariantCulture,
            $"The queue of '{name}' is full: {limit} requests wait. They will take about {retryAfter.TotalSeconds:0.###} s; try again then, or let more wait (QueueLimit).")) =>
        (Limit, RetryAfter) = (limit, retryAfter);

    /// <summary>How many requests may wait.</summary>
    public int Limit { get; }

    /// <summary>About how long computing those that wait will take, by the speed of the last batches.</summary>
    public TimeSpan RetryAfter { get; }
}
