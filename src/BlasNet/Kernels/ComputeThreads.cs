namespace BlasNet.Kernels;

/// <summary>How many threads one matrix product may use.</summary>
internal static class ComputeThreads
{
    /// <summary>Threads for one product, the calling one included.</summary>
    public static int Count { get; set; } = 1;
}
