using System.Globalization;

namespace BlasNet.Kernels;

/// <summary>How products are computed: those of the process, or of what the calling thread computes.</summary>
/// <param name="Threads">For one product, the calling one included; 0 for no setting.</param>
/// <param name="Kernels">Which kernels.</param>
internal readonly record struct ComputeSettings(int Threads, GemmKernels Kernels)
{
    [ThreadStatic]
    private static ComputeSettings _ofThread;

    /// <summary>Where a thread has none of its own: OPENBLAS_NUM_THREADS if that is set, up to the number of processors, else 1; set by
    /// tests alone.</summary>
    public static ComputeSettings OfProcess { get; set; } = new(ThreadsFromEnvironment(), GemmKernels.Auto);

    /// <summary>Does at once what else waits until it pays: machine code for a fused program, threads for a short sweep, sharing what equal words
    /// give; for tests.</summary>
    public bool IsEager { get; init; }

    /// <summary>What counts on the calling thread.</summary>
    public static ComputeSettings Current => _ofThread.Threads > 0 ? _ofThread : OfProcess;

    /// <summary>Sets them for the calling thread until the scope ends.</summary>
    public Scope Use()
    {
        var scope = new Scope(_ofThread);
        _ofThread = this;
        return scope;
    }

    private static int ThreadsFromEnvironment()
    {
        string? asked = Environment.GetEnvironmentVariable("OPENBLAS_NUM_THREADS");
        bool isNumber = int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out int count);
        return isNumber && count > 0 ? Math.Min(count, Environment.ProcessorCount) : 1;
    }

    /// <summary>Puts the thread's settings back when it ends.</summary>
    internal readonly ref struct Scope(ComputeSettings before) : IDisposable
    {
        private readonly ComputeSettings _before = before;

        public void Dispose() => _ofThread = _before;
    }
}
