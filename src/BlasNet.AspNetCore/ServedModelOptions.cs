using BlasNet.Serving;

namespace BlasNet.AspNetCore;

/// <summary>How a model is served.</summary>
/// <typeparam name="TExample">A request.</typeparam>
public sealed class ServedModelOptions<TExample>
{
    /// <summary>The queue and its batches. Its <see cref="BatchingOptions{TExample}.Name"/> is the health check's too, so each model needs one of its
    /// own.</summary>
    public BatchingOptions<TExample> Batching { get; set; } = new();

    /// <summary>Examples of the usual kinds and sizes that are computed at start; until that has been done the service is alive, but not ready. None:
    /// it is ready at once, and the first requests take longer.</summary>
    public IReadOnlyList<TExample> WarmUp { get; set; } = [];
}
