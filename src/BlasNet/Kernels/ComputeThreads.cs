using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>What may be divided among threads: a loop over a range.</summary>
internal interface IRangeWork
{
    /// <summary>Must not throw; what a part divides itself is left whole.</summary>
    void Run(nint start, nint end);
}

/// <summary>The one pool of threads that matrix products and large sweeps are divided over, and the number of them.</summary>
/// <remarks>
/// OpenBLAS itself is held to one thread: this pool divides its products too, so that there are never two pools, one spinning while the other works.
/// One thread means no pool at all. Into how many parts something is divided follows from <see cref="Count"/> alone, so that results are the same to the
/// bit; who computes a part, from who is free: the caller never waits for a thread that has not begun.
/// </remarks>
internal static unsafe class ComputeThreads
{
    /// <summary>Below this a loop is done sooner than a second thread is told about it (about 1 µs, or 10 µs if it sleeps).</summary>
    private const double MinNanosecondsPerPart = 8000;

    /// <summary>Whether the calling thread computes one of several parts of something larger: its products are not divided.</summary>
    [field: ThreadStatic]
    public static bool IsPart { get; set; }

    private static readonly Lock Gate = new();
    private static ComputeWorker[] _workers = [];

    /// <summary>Threads for one product, the calling one included.</summary>
    public static int Count => IsPart ? 1 : ComputeSettings.Current.Threads;

    /// <summary>Runs a loop over [0, count), divided evenly among as many threads as have enough to do.</summary>
    /// <param name="work">The loop.</param>
    /// <param name="count">Its length.</param>
    /// <param name="nanoseconds">About how long one round takes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Divide<TWork>(TWork work, nint count, double nanoseconds) where TWork : unmanaged, IRangeWork
    {
        double least = ComputeSettings.Current.IsEager ? double.Epsilon : MinNanosecondsPerPart;
        int parts = (int)Math.Clamp(count * nanoseconds / least, 1, Math.Min(Count, Math.Max(1, count)));
        if (parts == 1)
        {
            work.Run(0, count);
            return;
        }

        Division<TWork> division = new() { Work = work, Count = count, Parts = parts };
        Run(parts, &RunPart<TWork>, &division);
    }

    /// <summary>Calls <paramref name="body"/>(state, part) for every part in [0, parts), each on a thread of its own if there is one free, and returns when
    /// all are done.</summary>
    /// <param name="parts">At most <see cref="Count"/>.</param>
    /// <param name="body">Must not throw.</param>
    /// <param name="state">Passed through.</param>
    /// <param name="takeBack">Whether the caller does itself what a thread has not begun when it is done with its own part; else it waits.</param>
    /// <remarks>
    /// While another thread has the pool, or the caller computes a part of something else, it computes all parts itself: then there is parallelism enough.
    /// </remarks>
    public static void Run(int parts, delegate*<void*, int, void> body, void* state, bool takeBack = true)
    {
        if (parts > 1 && !Gate.IsHeldByCurrentThread && Gate.TryEnter())
        {
            try
            {
                RunOnPool(parts, body, state, takeBack);
            }
            finally
            {
                Gate.Exit();
            }
        }
        else
        {
            for (int part = 0; part < parts; part++)
                body(state, part);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunPart<TWork>(void* state, int part) where TWork : unmanaged, IRangeWork
    {
        Division<TWork>* division = (Division<TWork>*)state;
        IsPart = true;
        division->Work.Run(division->Count * part / division->Parts, division->Count * (part + 1) / division->Parts);
        IsPart = false;
    }

    /// <summary>Hands a job to a thread of the pool, if there is one free: where <see cref="Count"/> is 1, there is none.</summary>
    /// <returns>Whether one has taken it.</returns>
    public static bool Offer(Prefetch job)
    {
        if (Count == 1 || !Gate.TryEnter())
            return false;

        try
        {
            foreach (ComputeWorker worker in Workers(Count - 1))
            {
                if (worker.TryOffer(job))
                    return true;
            }

            return false;
        }
        finally
        {
            Gate.Exit();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunOnPool(int parts, delegate*<void*, int, void> body, void* state, bool takeBack)
    {
        ReadOnlySpan<ComputeWorker> workers = Workers(parts - 1);
        for (int part = 1; part < parts; part++)
            workers[part - 1].Offer(body, state, part);

        body(state, 0);

        for (int part = 1; part < parts; part++)
        {
            if (!workers[part - 1].Finish(takeBack))
                body(state, part);
        }
    }

    private static ReadOnlySpan<ComputeWorker> Workers(int count)
    {
        while (_workers.Length < count)
            _workers = [.. _workers, new ComputeWorker()];

        return _workers.AsSpan(0, count);
    }

    private struct Division<TWork> where TWork : unmanaged, IRangeWork
    {
        public TWork Work;
        public nint Count;
        public int Parts;
    }
}
