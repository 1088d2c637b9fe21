using System.Globalization;
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
/// A worker that has nothing to do spins for some microseconds and then sleeps. One thread means no pool at all.
/// </remarks>
internal static unsafe class ComputeThreads
{
    /// <summary>Below this a loop is done sooner than a second thread is told about it (about 1 µs, or 10 µs if it sleeps).</summary>
    private const double MinNanosecondsPerPart = 8000;

    /// <summary>Whether the calling thread computes one of several parts of something larger: its products are not divided.</summary>
    [field: ThreadStatic]
    public static bool IsPart { get; set; }

    private static readonly Lock Gate = new();
    private static Worker[] _workers = [];
    private static int _count = FromEnvironment();

    /// <summary>Threads for one product, the calling one included; at first OPENBLAS_NUM_THREADS if that is set, up to the number of processors, else 1.</summary>
    public static int Count
    {
        get => IsPart ? 1 : _count;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            _count = value;
        }
    }

    /// <summary>Runs a loop over [0, count), divided evenly among as many threads as have enough to do.</summary>
    /// <param name="work">The loop.</param>
    /// <param name="count">Its length.</param>
    /// <param name="nanoseconds">About how long one round takes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Divide<TWork>(TWork work, nint count, double nanoseconds) where TWork : unmanaged, IRangeWork
    {
        int parts = IsPart ? 1 : (int)Math.Clamp(count * nanoseconds / MinNanosecondsPerPart, 1, Math.Min(_count, Math.Max(1, count)));

        if (parts == 1)
        {
            work.Run(0, count);
            return;
        }

        Division<TWork> division = new() { Work = work, Count = count, Parts = parts };
        Run(parts, &RunPart<TWork>, &division);
    }

    /// <summary>Calls <paramref name="body"/>(state, part) for every part in [0, parts), each on a thread of its own, and returns when all are done.</summary>
    /// <param name="parts">At most <see cref="Count"/>.</param>
    /// <param name="body">Must not throw.</param>
    /// <param name="state">Passed through.</param>
    /// <remarks>While another thread has the pool, the caller computes all parts itself: then there is parallelism enough.</remarks>
    public static void Run(int parts, delegate*<void*, int, void> body, void* state)
    {
        if (parts > 1 && Gate.TryEnter())
        {
            try
            {
                RunOnPool(parts, body, state);
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunOnPool(int parts, delegate*<void*, int, void> body, void* state)
    {
        while (_workers.Length < parts - 1)
            _workers = [.. _workers, new Worker()];

        for (int part = 1; part < parts; part++)
            _workers[part - 1].Start(body, state, part);

        body(state, 0);

        for (int part = 1; part < parts; part++)
            _workers[part - 1].Wait();
    }

    private static int FromEnvironment() =>
        int.TryParse(Environment.GetEnvironmentVariable("OPENBLAS_NUM_THREADS"), NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0
            ? Math.Min(count, Environment.ProcessorCount)
            : 1;

    private struct Division<TWork> where TWork : unmanaged, IRangeWork
    {
        public TWork Work;
        public nint Count;
        public int Parts;
    }

    private sealed class Worker
    {
        /// <summary>Rounds of looking for work before sleeping: some 20 µs, longer than the gap between two products of a training step.</summary>
        private const int SpinRounds = 500;

        private readonly object _sleep = new();
        private delegate*<void*, int, void> _body;
        private void* _state;
        private int _part;
        private int _started;
        private int _finished;
        private int _asleep;

        public Worker() => new Thread(Loop) { IsBackground = true, Name = "BlasNet compute" }.Start();

        public void Start(delegate*<void*, int, void> body, void* state, int part)
        {
            _body = body;
            _state = state;
            _part = part;
            Interlocked.Increment(ref _started);

            if (Volatile.Read(ref _asleep) == 1)
            {
                lock (_sleep)
                    Monitor.Pulse(_sleep);
            }
        }

        public void Wait()
        {
            SpinWait spin = default;

            // Sleeping for a millisecond, which SpinWait does in the end, would be longer than most products.
            while (Volatile.Read(ref _finished) != _started)
                spin.SpinOnce(sleep1Threshold: -1);
        }

        private void Loop()
        {
            for (int next = 1; ; next++)
            {
                AwaitStart(next);
                _body(_state, _part);
                Volatile.Write(ref _finished, next);
            }
        }

        private void AwaitStart(int ticket)
        {
            for (int round = 0; round < SpinRounds; round++)
            {
                if (Volatile.Read(ref _started) == ticket)
                    return;

                Thread.SpinWait(8);
            }

            // Either the caller sees this flag and wakes the worker, or the worker sees the new ticket: both sides write, fence, then read.
            Interlocked.Exchange(ref _asleep, 1);

            lock (_sleep)
            {
                while (Volatile.Read(ref _started) != ticket)
                    Monitor.Wait(_sleep);
            }

            Volatile.Write(ref _asleep, 0);
        }
    }
}
