using System.Diagnostics.Metrics;
using BlasNet.Graphs;
using BlasNet.Serving;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Serving;

/// <summary>Requests to real models: their answers against the formula written out, failures, and what the meter says.</summary>
public sealed class ServedModelTests
{
    private const double Weight = 0.3;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_answer_is_the_requests_own_by_one_model_while_models_are_exchanged_and_clients_cancel()
    {
        const int Clients = 16, Requests = 250;
        await using var evaluator = new BatchingEvaluator<double[], (int Version, double Value)>(
            Sums(1), new BatchingOptions<double[]> { Workers = 2, MaxBatchSize = 8, QueueLimit = Clients });
        using var end = new CancellationTokenSource();
        Task exchanges = Task.Run(async () =>
        {
            for (int version = 2; !end.IsCancellationRequested; version++)
            {
                await evaluator.ExchangeAsync(Sums(version));
                await Task.Delay(2, Cancellation);
            }
        }, Cancellation);
        int[] counts = await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => Ask(client), Cancellation)));
        await end.CancelAsync();
        await exchanges;
        Assert.Equal(Clients * Requests, counts.Sum());

        async Task<int> Ask(int client)
        {
            var random = new Random(client);
            int done = 0;
            for (; done < Requests; done++)
            {
                double[] example = [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => random.NextDouble() - 0.5)];
                using var source = new CancellationTokenSource();
                ValueTask<(int Version, double Value)> answer = evaluator.RunAsync(example, source.Token);
                if (random.Next(3) == 0)
                    await source.CancelAsync();

                try
                {
                    (int version, double value) = await answer;
                    Assert.Equal(SumOf(version, example), value, 1e-9);
                }
                catch (OperationCanceledException)
                {
                    Assert.True(source.IsCancellationRequested);
                }
            }

            return done;
        }
    }

    [Fact]
    public async Task Requests_sent_while_the_evaluator_is_disposed_are_answered_or_refused()
    {
        for (int round = 0; round < 20; round++)
        {
            var evaluator = new BatchingEvaluator<double[], (int Version, double Value)>(Sums(1), new BatchingOptions<double[]> { MaxBatchSize = 3 });
            using var barrier = new Barrier(5);
            Task[] clients = [.. Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(() =>
            {
                barrier.SignalAndWait(Cancellation);
                List<Task<(int, double Value)>> accepted = [];
                try
                {
                    while (true)
                        accepted.Add(evaluator.RunAsync([0.5], Cancellation).AsTask());
                }
                catch (Exception e) when (e is ObjectDisposedException or QueueFullException)
                {
                    Assert.All(accepted, answer => Assert.Equal(SumOf(1, [0.5]), answer.GetAwaiter().GetResult().Value, 1e-9));
                }
            }, Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
            barrier.SignalAndWait(Cancellation);
            await evaluator.DisposeAsync();
            await Task.WhenAll(clients);
        }
    }

    [Fact]
    public async Task A_request_that_fails_fails_alone()
    {
        using var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("w", 1, 1);
        model.SetValues(w, [2]);
        var evaluator = new Evaluator<double>(model, (g, x) => x == 13 ? throw new FormatException($"no {x}") : Log(w * g.Input(x)));
        var options = new BatchingOptions<double> { Workers = 1, MaxBatchSize = 100, MaxDelay = TimeSpan.FromMinutes(1) };
        await using var batching = new BatchingEvaluator<double, double>(BatchModel.OfDouble<double, double>(evaluator, Read), options);
        double[] examples = [.. Enumerable.Range(0, 100).Select(n => (double)n)];   // one batch: 0 is infinite, 13 has no graph, 55 cannot be read
        Task<double>[] answers = [.. examples.Select(x => batching.RunAsync(x, Cancellation).AsTask())];

        foreach ((double x, Task<double> answer) in examples.Zip(answers))
        {
            switch (x)
            {
                case 0:
                    Assert.Contains("requireFinite", (await Assert.ThrowsAsync<ArithmeticException>(() => answer)).Message, StringComparison.Ordinal);
                    break;
                case 13:
                    Assert.Equal("no 13", (await Assert.ThrowsAsync<FormatException>(() => answer)).Message);
                    break;
                case 55:
                    Assert.Equal("55 again", (await Assert.ThrowsAsync<NotSupportedException>(() => answer)).Message);
                    break;
                default:
                    Assert.Equal(Math.Log(2 * x), await answer, 1e-12);
                    break;
            }
        }

        static double Read(double x, ReadOnlySpan<double> value) => x == 55 ? throw new NotSupportedException("55 again") : value[0];
    }

    [Fact]
    public async Task Infinite_values_are_handed_over_where_they_are_allowed()
    {
        using var model = new Model();
        Parameter w = model.Weight("w", 1, 1);
        var evaluator = new Evaluator<float>(model, (g, x) => w * g.Input(x));
        await using var batching = new BatchingEvaluator<float, float>(
            BatchModel.Of(evaluator, (float _, ReadOnlySpan<float> value) => value[0], requireFinite: false));
        Assert.True(float.IsNaN(await batching.RunAsync(float.NaN, Cancellation)));
    }

    [Fact]
    public async Task A_model_that_does_not_answer_a_request_is_named()
    {
        await using var batching = new BatchingEvaluator<int, int>(new Silent(), new BatchingOptions<int> { MaxDelay = TimeSpan.FromMinutes(1), MaxBatchSize = 3 });
        Task<int>[] answers = [.. Enumerable.Range(0, 3).Select(n => batching.RunAsync(n, Cancellation).AsTask())];
        int[] results = await Task.WhenAll(answers[1..]);
        Assert.Equal([1, 2], results);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => answers[0]);
        Assert.Equal("Silent.Compute has returned without an answer to a request.", error.Message);
    }

    [Fact]
    public async Task The_meter_shows_the_queue_the_batches_their_times_and_refusals()
    {
        Dictionary<string, List<double>> seen = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == Telemetry.Name && instrument.Name.StartsWith("blasnet.serving.", StringComparison.Ordinal))
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument.Name, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument.Name, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument.Name, value, tags));
        listener.Start();
        var model = new StubModel { Waits = true };
        var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Name = "metered", Workers = 1, QueueLimit = 2 });
        Task<int> first = evaluator.RunAsync(0, Cancellation).AsTask();
        await model.AwaitBatch();
        Task<int>[] others = [evaluator.RunAsync(1, Cancellation).AsTask(), evaluator.RunAsync(2, Cancellation).AsTask()];
        Assert.Throws<QueueFullException>(() => { _ = evaluator.RunAsync(3, Cancellation).AsTask(); });
        listener.RecordObservableInstruments();
        model.LetOneEnd();
        model.LetOneEnd();
        await Task.WhenAll([first, .. others]);
        await evaluator.DisposeAsync();
        listener.RecordObservableInstruments();

        Assert.Equal([2], seen["blasnet.serving.queue.length"]);   // and none from a disposed one
        Assert.Equal([1], seen["blasnet.serving.refusals"]);
        Assert.Equal([1, 2], seen["blasnet.serving.batch.size"]);
        Assert.Equal(3, seen["blasnet.serving.wait.duration"].Count);
        Assert.Equal(2, seen["blasnet.serving.compute.duration"].Count);
        Assert.All(seen["blasnet.serving.compute.duration"], seconds => Assert.True(seconds > 0));

        void Add(string name, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags[0] is not { Key: "model", Value: "metered" })
                return;

            lock (seen)
            {
                if (!seen.TryGetValue(name, out List<double>? values))
                    seen.Add(name, values = []);

                values.Add(value);
            }
        }
    }

    // version · Σ tanh(w·x): requests of different lengths.
    private static BatchModel<double[], (int Version, double Value)> Sums(int version)
    {
        var model = new Model(1, Precision.Double);
        Parameter w = model.Weight("w", 1, 1), scale = model.Weight("scale", 1, 1);
        model.SetValues(w, [Weight]);
        model.SetValues(scale, [version]);
        var evaluator = new Evaluator<double[]>(model, (g, example) => scale * Total([.. example.Select(x => Tanh(w * g.Input(x)))]));
        return BatchModel.OfDouble(evaluator, (double[] _, ReadOnlySpan<double> value) => (version, value[0]), model);
    }

    private static Expr Total(Expr[] terms) => terms.Aggregate((a, b) => a + b);

    private static double SumOf(int version, double[] example) => version * example.Sum(x => Math.Tanh(Weight * x));

    /// <summary>Answers all requests but 0.</summary>
    private sealed class Silent : BatchModel<int, int>
    {
        public override void Compute(Batch<int, int> batch)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                if (batch.Examples[i] != 0)
                    batch.SetResult(i, batch.Examples[i]);
            }
        }
    }
}
