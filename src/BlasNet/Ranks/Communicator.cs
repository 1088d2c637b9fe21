namespace BlasNet.Ranks;

/// <summary>Processes that train one model together, and how they exchange bytes. <c>BlasNet.Mpi</c> has the one for clusters.</summary>
/// <remarks>
/// Each process is a rank, from 0 to <see cref="Size"/> − 1. The operations are collective: all ranks call the same ones in the same order, each on one
/// thread at a time, and each call returns once this rank's part is done. Whoever has another transport derives from this class; whatever order the
/// network delivers in, results do not depend on it, for only bytes are moved here: sums are made by the trainer, in the order of ranks.
/// </remarks>
public abstract class Communicator
{
    /// <param name="rank">Of this process, from 0.</param>
    /// <param name="size">How many ranks there are, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    protected Communicator(int rank, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, size);
        (Rank, Size) = (rank, size);
    }

    /// <summary>The number of this process, from 0.</summary>
    public int Rank { get; }

    /// <summary>How many processes there are.</summary>
    public int Size { get; }

    /// <summary>A rank as errors name it: <c>rank 2</c>, and where it runs, if that is known.</summary>
    public virtual string NameOf(int rank) => $"rank {rank}";

    /// <summary>Work for a rank that waits; null for none.</summary>
    internal Action? Meanwhile { get; set; }

    /// <summary>For a transport that waits for other ranks within an operation, on the thread that waits: does what the trainer may do meanwhile, such as
    /// preparing the next step. No operation comes of it, and a transport that never calls it gives the same results.</summary>
    /// <returns>Whether there was something to do; time has gone by then.</returns>
    protected bool WorkMeanwhile()
    {
        if (Meanwhile is not { } work)
            return false;

        Meanwhile = null;
        work();
        return true;
    }

    /// <summary>Gives every rank the bytes of all ranks.</summary>
    /// <param name="mine">What this rank gives.</param>
    /// <param name="all">Receives the bytes of rank 0, then those of rank 1, and so on; must not overlap <paramref name="mine"/>.</param>
    /// <param name="lengths">How many bytes each rank gives, the same numbers on all ranks.</param>
    public abstract void AllGather(ReadOnlySpan<byte> mine, Span<byte> all, ReadOnlySpan<int> lengths);

    /// <summary>Gives every rank bytes of its own.</summary>
    /// <param name="mine">What this rank gives: the bytes for rank 0, then those for rank 1, and so on, its own included.</param>
    /// <param name="lengths">How many bytes there are for each rank.</param>
    /// <param name="received">Receives what rank 0 has for this one, then what rank 1 has, and so on; must not overlap <paramref name="mine"/>.</param>
    /// <param name="receivedLengths">How many bytes each rank has for this one.</param>
    public abstract void AllToAll(ReadOnlySpan<byte> mine, ReadOnlySpan<int> lengths, Span<byte> received, ReadOnlySpan<int> receivedLengths);
}
