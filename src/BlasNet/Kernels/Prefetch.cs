namespace BlasNet.Kernels;

/// <summary>Work that a free thread of the pool does while its owner does something else; it computes nothing itself.</summary>
/// <remarks>What it asks for that its owner is about to change, it asks for too early: <see cref="RequireNone"/> ends it, and its owner does it
/// again.</remarks>
/// <param name="work">Must not throw.</param>
internal sealed class Prefetch(Action work)
{
    private const int Idle = 0, Wanted = 1, Running = 2, Done = 3;

    [ThreadStatic]
    private static Prefetch? _current;

    private int _state;
    private bool _ownerWaits;

    /// <summary>Whether the calling thread is the one that does it.</summary>
    public bool IsCurrent => _current == this;

    /// <summary>Whether it has ever asked for something too early.</summary>
    public bool IsTooEarly { get; private set; }

    /// <summary>To be called where something is read that a job's owner may be about to change.</summary>
    /// <exception cref="InvalidOperationException">The calling thread does such a job; who has given it does not let it pass.</exception>
    public static void RequireNone()
    {
        if (_current is not { } job)
            return;

        job.IsTooEarly = true;
        throw new InvalidOperationException("Asked for while the owner of this work is about to change it.");
    }

    /// <summary>Offers the work; to be followed by <see cref="Finish"/>.</summary>
    /// <returns>Whether a thread has taken the offer: it does the work unless <see cref="Finish"/> comes first. May be called again if none has.</returns>
    public bool Start()
    {
        _ownerWaits = false;
        Volatile.Write(ref _state, Wanted);
        return ComputeThreads.Offer(this);
    }

    /// <summary>Takes the offer back if nobody has begun; else waits until the work is done.</summary>
    /// <param name="takeBack">False to wait in any case; only where a thread has taken the offer.</param>
    /// <returns>Whether it has been done.</returns>
    public bool Finish(bool takeBack = true)
    {
        if (takeBack && Interlocked.CompareExchange(ref _state, Idle, Wanted) == Wanted)
            return false;

        Volatile.Write(ref _ownerWaits, true);
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

        RunHere();
        Volatile.Write(ref _state, Done);
    }

    /// <summary>Does the work on the calling thread: that of its owner, who has nothing else to do.</summary>
    public void RunHere()
    {
        _current = this;
        work();
        _current = null;
    }

    /// <summary>Within the work: waits until the owner has done everything else.</summary>
    public void AwaitOwner()
    {
        SpinWait spin = default;
        while (!Volatile.Read(ref _ownerWaits))
            spin.SpinOnce();
    }
}
