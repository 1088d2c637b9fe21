namespace BlasNet.Kernels;

/// <summary>A thread of the pool, and what it is to do next: a part of a loop, or a job. With nothing to do it spins for some microseconds and then
/// sleeps.</summary>
/// <remarks>One thread at a time makes offers, the one that has the pool.</remarks>
internal sealed unsafe class ComputeWorker
{
    private const int Idle = 0, Offered = 1, Busy = 2;

    /// <summary>Rounds of looking for work before sleeping: some 20 µs, longer than the gap between two products of a training step.</summary>
    private const int SpinRounds = 500;

    private readonly object _sleep = new();
    private delegate*<void*, int, void> _body;
    private void* _argument;
    private int _part;
    private Prefetch? _job;
    private ComputeSettings _settings;   // of the thread that has offered
    private int _state;
    private int _asleep;
    private bool _hasPart;   // whether the last offer was one: a busy worker is offered nothing

    public ComputeWorker() => new Thread(Loop) { IsBackground = true, Name = "BlasNet compute" }.Start();

    /// <summary>Offers a part, unless the worker is busy; to be followed by <see cref="Finish"/>.</summary>
    public void Offer(delegate*<void*, int, void> body, void* argument, int part)
    {
        _hasPart = Volatile.Read(ref _state) == Idle;
        if (!_hasPart)
            return;

        _body = body;
        _argument = argument;
        _part = part;
        Start();
    }

    /// <summary>Waits until the part is done.</summary>
    /// <param name="takeBack">Take the offer back if the worker has not begun.</param>
    /// <returns>Whether the worker has done it.</returns>
    public bool Finish(bool takeBack)
    {
        if (!_hasPart || (takeBack && Interlocked.CompareExchange(ref _state, Idle, Offered) == Offered))
            return false;

        SpinWait spin = default;

        // Sleeping for a millisecond, which SpinWait does in the end, would be longer than most products.
        while (Volatile.Read(ref _state) != Idle)
            spin.SpinOnce(sleep1Threshold: -1);

        return true;
    }

    /// <summary>Offers a job; <see cref="Prefetch.Finish"/> takes it back.</summary>
    /// <returns>False if the worker is busy.</returns>
    public bool TryOffer(Prefetch job)
    {
        if (Volatile.Read(ref _state) != Idle)
            return false;

        _job = job;
        Start();
        return true;
    }

    // Either this side sees the flag and wakes the worker, or the worker sees the offer: both sides write, fence, then read.
    private void Start()
    {
        _settings = ComputeSettings.Current;
        Interlocked.Exchange(ref _state, Offered);
        if (Volatile.Read(ref _asleep) == 1)
        {
            lock (_sleep)
                Monitor.Pulse(_sleep);
        }
    }

    private void Loop()
    {
        while (true)
        {
            AwaitOffer();
            if (Interlocked.CompareExchange(ref _state, Busy, Offered) != Offered)
                continue;

            Run();
            Volatile.Write(ref _state, Idle);
        }
    }

    private void Run()
    {
        using ComputeSettings.Scope settings = _settings.Use();
        if (_job is { } job)
        {
            _job = null;
            job.Run();
        }
        else
        {
            _body(_argument, _part);
        }
    }

    private void AwaitOffer()
    {
        for (int round = 0; round < SpinRounds; round++)
        {
            if (Volatile.Read(ref _state) == Offered)
                return;

            Thread.SpinWait(8);
        }

        Interlocked.Exchange(ref _asleep, 1);

        lock (_sleep)
        {
            while (Volatile.Read(ref _state) != Offered)
                Monitor.Wait(_sleep);
        }

        Volatile.Write(ref _asleep, 0);
    }
}
