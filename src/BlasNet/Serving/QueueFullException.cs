using System.Globalization;

namespace BlasNet.Serving;

/// <summary>A request was refused because as many wait as may: the answer of an overloaded service, HTTP's 503.</summary>
public sealed class QueueFullException : Exception
{
    private readonly string _name;

    internal QueueFullException(string name, int limit, TimeSpan retryAfter) => (_name, Limit, RetryAfter) = (name, limit, retryAfter);

    /// <summary>How many requests may wait.</summary>
    public int Limit { get; }

    /// <summary>About how long computing those that wait will take, by the speed of the last batches.</summary>
    public TimeSpan RetryAfter { get; }

    /// <inheritdoc/>
    public override string Message => string.Create(   // written only for who reads it: under overload there are many
        CultureInfo.InvariantCulture,
        $"The queue of '{_name}' is full: {Limit} requests wait. They will take about {RetryAfter.TotalSeconds:0.###} s; "
        + $"try again then, or let more wait (QueueLimit).");
}
