namespace BlasNet.Kernels;

/// <summary>Work that a free thread of the pool does while its owner does something else; products within it are not divided.</summary>
/// <param name="work">Must not throw.</param>
internal sealed class SideJob(Action work)
{
    private const int Idle = 0, Wanted = 1, Running = 2, Done = 3;

    private int _state;

    /// <summary>Offers the work; to be followed by <see cref="Finish"/>.</summary>
    public void Start()
    {
        Volatile.Write(ref _state, Wanted);
        ComputeThreads.Offer(this);
    }

    /// <summary>Takes the offer back if nobody has begun; else waits until the work is done.</summary>
    /// <returns>Whether it has been done.</returns>
    public bool Finish()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Wanted) == Wanted)
            return false;

        SpinWait spin = default;
        while (Volatile.Read(ref _state) != Done)
            spin.SpinOnce(sleep1Threshold: -1);

        return true;
    }

    /// <summary>On a thread of the pool: does the work if it is still wanted.</summary>
    public void Run()
    {
        if (Interlocked.CompareExchange(ref _state, Running, Wanted) != Wanted)
            return;

        ComputeThreads.IsPart = true;
        work();
        ComputeThreads.IsPart = false;
        Volatile.Write(ref _state, Done);
    }
}
