namespace BlasNet.Cli.Scaling;

/// <summary>What a message between two ranks takes: α + n·β for n bytes, in both directions at once.</summary>
/// <param name="Latency">α in seconds, with what the software on both sides takes.</param>
/// <param name="BytesPerSecond">1/β.</param>
/// <remarks>Costs of collectives, for p ranks, as their usual algorithms have it: short all-gathers by recursive doubling, ⌈log₂p⌉·α + (p − 1)·m·β for m bytes
/// of each rank; long ones by a ring and exchanges pair by pair, (p − 1)·α + (p − 1)/p·n·β for n bytes of all ranks or of each. Messages beyond
/// <see cref="EagerBytes"/> wait until the receiver has asked for them, 2·α; those of all pairs ask at once. Source: Thakur, Rabenseifner, Gropp,
/// "Optimization of Collective Communication Operations in MPICH", IJHPCA 19(1), 2005, sections 4.1 and 4.3.</remarks>
internal sealed record Network(double Latency, double BytesPerSecond)
{
    /// <summary>The eager limit of Open MPI over TCP; other transports have others.</summary>
    public const double EagerBytes = 1 << 16;

    /// <summary>Seconds until every rank has the few bytes of each.</summary>
    /// <param name="ranks">p.</param>
    /// <param name="bytes">m, of each rank.</param>
    public double ShortAllGather(int ranks, double bytes) => Math.Ceiling(Math.Log2(ranks)) * Latency + (ranks - 1) * bytes / BytesPerSecond;

    /// <summary>Seconds until every rank has a p-th of each rank's bytes, or all ranks' p-ths of so many.</summary>
    /// <param name="ranks">p.</param>
    /// <param name="bytes">n.</param>
    public double Exchange(int ranks, double bytes)
    {
        double part = bytes / ranks, handshake = ranks > 1 && part > EagerBytes ? 2 * Latency : 0;
        return handshake + (ranks - 1) * (Latency + part / BytesPerSecond);
    }
}

/// <summary>What is known of a network before anything is measured; null for what was not given.</summary>
/// <param name="Latency">In seconds.</param>
/// <param name="BytesPerSecond">In each direction.</param>
internal sealed record NetworkChoice(double? Latency, double? BytesPerSecond)
{
    /// <summary>10 Gbit/s Ethernet through the kernel's TCP.</summary>
    public static Network Usual { get; } = new(Latency: 20e-6, BytesPerSecond: 1.25e9);

    /// <summary>Whether nothing is left to measure or to assume.</summary>
    public bool IsComplete => Latency is not null && BytesPerSecond is not null;

    /// <param name="otherwise">Stands in for what was not given.</param>
    public Network Or(Network otherwise) => new(Latency ?? otherwise.Latency, BytesPerSecond ?? otherwise.BytesPerSecond);
}
