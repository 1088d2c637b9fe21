using System.Diagnostics;

namespace BlasNet.Serving.Benchmarks;

/// <summary>Requests while models are exchanged every 100 ms and clients cancel at random: every answer must be that of one of the models.</summary>
internal static class Chaos
{
    private const int Clients = 64, Models = 2;
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100), Report = TimeSpan.FromSeconds(15);

    /// <returns>Whether all went well.</returns>
    public static async Task<bool> Run(int[][] sentences, long requests, TimeSpan limit)
    {
        (byte[] Saved, float[] Answers)[] models = [.. Enumerable.Range(0, Models).Select(seed =>
        {
            using var model = new SentenceModel(seed);
            return (model.Save(), model.OneByOne(sentences));
        })];
        await using var service = new Batching(new SentenceModel(models[0].Saved), new BatchingOptions<int[]>());
        long sent = 0, answered = 0, cancelled = 0, wrong = 0, exchanges = 0, start = Stopwatch.GetTimestamp();
        using var end = new CancellationTokenSource();
        Task exchanging = Task.Factory.StartNew(Exchange, TaskCreationOptions.LongRunning);
        Task asking = Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => Ask(new Random(client)))));
        while (await Task.WhenAny(asking, Task.Delay(Report)) != asking)
            Print();

        await asking;
        await end.CancelAsync();
        await exchanging;
        Print();
        if (sent < requests)
            Console.WriteLine($"Not finished: the limit of {limit.TotalSeconds:F0} s came after {sent} of {requests} requests.");

        return wrong == 0 && sent == requests && sent == answered + cancelled;

        void Print() => Console.WriteLine(
            $"{Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s, {sent} requests: {answered} answered, {cancelled} cancelled, {wrong} wrong; "
            + $"{exchanges} exchanges, each after {Stopwatch.GetElapsedTime(start).TotalMilliseconds / Math.Max(1, exchanges):F0} ms; "
            + $"{GC.GetTotalMemory(forceFullCollection: true) >> 10} KB of objects, {Environment.WorkingSet >> 20} MB");

        // On a thread of its own, which does not wait behind the batches. The next model is read while the one before is served.
        void Exchange()
        {
            for (TimeSpan due = Period; !end.IsCancellationRequested; due += Period, exchanges++)
            {
                BatchModel<int[], float> next = new SentenceModel(models[(exchanges + 1) % Models].Saved).ToBatchModel();
                TimeSpan ahead = due - Stopwatch.GetElapsedTime(start);
                if (ahead > TimeSpan.Zero)
                    Thread.Sleep(ahead);

                _ = service.Evaluator.ExchangeAsync(next);
            }
        }

        async Task Ask(Random random)
        {
            while (Interlocked.Increment(ref sent) <= requests && Stopwatch.GetElapsedTime(start) < limit)
            {
                int sentence = random.Next(sentences.Length);
                using var cancellation = new CancellationTokenSource();
                ValueTask<float> request = service.AskAsync(sentences[sentence], cancellation.Token);
                if (random.Next(4) == 0)
                {
                    if (random.Next(2) == 0)
                        await Task.Yield();

                    await cancellation.CancelAsync();
                }

                try
                {
                    float answer = await request;
                    Interlocked.Increment(ref answered);
                    if (!models.Any(model => Load.IsRight(answer, model.Answers[sentence])))
                        Interlocked.Increment(ref wrong);
                }
                catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
                {
                    Interlocked.Increment(ref cancelled);
                }
            }

            Interlocked.Decrement(ref sent);
        }
    }
}
