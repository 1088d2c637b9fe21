using System.Diagnostics;

namespace BlasNet.Serving.Benchmarks;

/// <summary>Clients of a service, in this process: they ask for sentences' values, and compare them with those computed one by one.</summary>
/// <param name="sentences">What they ask for, in turns or at random.</param>
/// <param name="expected">The right answers.</param>
internal sealed class Load(int[][] sentences, float[] expected)
{
    // Batches are computed by other kernels than single sentences, which round differently.
    private const float Tolerance = 1e-4f;

    private readonly Lock _gate = new();
    private readonly List<double> _milliseconds = [];
    private long _wrong, _refused, _sent, _answered, _mostBefore;

    public static bool IsRight(float answer, float expected) => Math.Abs(answer - expected) <= Tolerance;

    /// <summary>A number of clients, each of which asks again when it has been answered.</summary>
    public Task<Measurement> Closed(string mode, IService service, int clients, TimeSpan duration) => Measure(
        mode, "closed", clients, () => Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(() => Ask(service, client, clients, duration)))));

    /// <summary>Requests that come at random times, so many a second, whether or not those before were answered: a Poisson process.</summary>
    /// <param name="mode">The service's name.</param>
    /// <param name="service">Is asked.</param>
    /// <param name="rate">Requests a second.</param>
    /// <param name="duration">Of the whole.</param>
    /// <param name="countsLag">Whether an answer's time begins when its request was due, so that a client that lags hides nothing; if not, when it was
    /// sent.</param>
    /// <remarks>They come from a thread of their own: one of the pool's would be missing there when this one never waits.</remarks>
    public Task<Measurement> Open(string mode, IService service, double rate, TimeSpan duration, bool countsLag = true) => Measure(mode, "open", 0, () =>
        Task.Factory.StartNew(() => Send(service, rate, duration, countsLag), TaskCreationOptions.LongRunning).Unwrap());

    private Task Send(IService service, double rate, TimeSpan duration, bool countsLag)
    {
        var random = new Random(1);
        List<Task> tasks = [];
        _milliseconds.EnsureCapacity((int)(rate * duration.TotalSeconds));   // what grows after this is the service's
        long start = Stopwatch.GetTimestamp();
        for (double due = 0; due < duration.TotalSeconds; due -= Math.Log(1 - random.NextDouble()) / rate)
        {
            double ahead = due - Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (ahead > 0)
                Thread.Sleep(TimeSpan.FromSeconds(ahead));   // to the millisecond: those due meanwhile come together

            long begin = countsLag ? start + (long)(due * Stopwatch.Frequency) : Stopwatch.GetTimestamp();
            Task task = AskOnce(service, random.Next(sentences.Length), begin);
            if (!task.IsCompleted)
                tasks.Add(task);

            if (tasks.Count > 10_000)
                tasks.RemoveAll(task => task.IsCompleted);
        }

        return Task.WhenAll(tasks);
    }

    private async Task Ask(IService service, int client, int clients, TimeSpan duration)
    {
        long start = Stopwatch.GetTimestamp();
        for (int next = client; Stopwatch.GetElapsedTime(start) < duration; next = (next + clients) % sentences.Length)
            await AskOnce(service, next, Stopwatch.GetTimestamp());
    }

    private async Task AskOnce(IService service, int sentence, long due)
    {
        Interlocked.Increment(ref _sent);
        long answered = Volatile.Read(ref _answered);
        try
        {
            float answer = await service.AskAsync(sentences[sentence]);
            double milliseconds = Stopwatch.GetElapsedTime(due).TotalMilliseconds;
            lock (_gate)
            {
                _milliseconds.Add(milliseconds);
                _mostBefore = Math.Max(_mostBefore, _answered++ - answered);
            }

            if (!IsRight(answer, expected[sentence]))
                Interlocked.Increment(ref _wrong);
        }
        catch (QueueFullException)
        {
            Interlocked.Increment(ref _refused);
        }
    }

    private async Task<Measurement> Measure(string mode, string load, int clients, Func<Task> run)
    {
        _milliseconds.Clear();
        (_wrong, _refused, _sent, _mostBefore) = (0, 0, 0, 0);
        (long start, long bytes, TimeSpan busy) = (Stopwatch.GetTimestamp(), GC.GetTotalAllocatedBytes(), Environment.CpuUsage.TotalTime);
        await run();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        (bytes, busy) = (GC.GetTotalAllocatedBytes() - bytes, Environment.CpuUsage.TotalTime - busy);
        _milliseconds.Sort();
        int answered = Math.Max(1, _milliseconds.Count);
        return new Measurement(
            mode, load, clients, _sent / seconds, answered / seconds, _refused / seconds, _wrong, Quantile(0.5), Quantile(0.99), Quantile(1),
            (double)bytes / answered, busy.TotalMicroseconds / answered, _mostBefore);
    }

    private double Quantile(double share) => _milliseconds.Count == 0 ? 0 : _milliseconds[(int)Math.Ceiling(share * _milliseconds.Count) - 1];
}
