using BlasNet.Serving;
using static BlasNet.Tests.Serving.Requests;

namespace BlasNet.Tests.Serving;

/// <summary>The queue and its workers, with a model that computes nothing and ends its batches when it is let.</summary>
public sealed class BatchingEvaluatorTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_batch_is_what_waits_when_the_worker_is_free()
    {
        var model = new StubModel { Waits = true };
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 1, MaxBatchSize = 4 });
        List<Task<int>> answers = [.. await FirstAndWaiting(evaluator, model, 6)];
        Assert.Equal(6, evaluator.QueueLength);
        Release(model, 3);

        int[] results = await Task.WhenAll(answers);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], results);
        Assert.Equal([[0], [1, 2, 3, 4], [5, 6]], model.Batches);
    }

    [Fact]
    public async Task A_worker_takes_its_share_of_the_requests_not_answered()
    {
        var model = new StubModel { Waits = true };
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 2 });
        Task<int> first = Send(evaluator, 0);
        await model.AwaitBatch();
        Task<int> second = Send(evaluator, 1);
        await model.AwaitBatch();
        Task<int>[] others = [.. Enumerable.Range(2, 7).Select(n => Send(evaluator, n))];
        model.LetOneEnd();
        await model.AwaitBatch();
        Assert.Equal(4, model.Batches[2].Length);   // of 1 that is computed and 7 that wait
        Release(model, 4);

        int[] results = await Task.WhenAll([first, second, .. others]);
        Assert.Equal(Enumerable.Range(0, 9), results);
    }

    [Fact]
    public async Task A_batch_costs_no_more_than_the_options_say_but_for_a_single_request()
    {
        var model = new StubModel { Waits = true };
        var options = new BatchingOptions<int> { Workers = 1, Cost = n => n, MaxBatchCost = 5 };
        await using var evaluator = new BatchingEvaluator<int, int>(model, options);
        Task<int> first = Send(evaluator, 0);
        await model.AwaitBatch();
        Task<int>[] others = [.. new[] { 2, 3, 1, 9, 5 }.Select(n => Send(evaluator, n))];
        Release(model, 5);
        await Task.WhenAll([first, .. others]);

        Assert.Equal([[0], [2, 3], [1], [9], [5]], model.Batches);
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once_and_takes_requests_again_when_there_is_room()
    {
        var model = new StubModel { Waits = true };
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 1, QueueLimit = 2, Name = "stub" });
        List<Task<int>> answers = [.. await FirstAndWaiting(evaluator, model, 2)];
        var refusal = Assert.Throws<QueueFullException>(() => { _ = Send(evaluator, 9); });
        Assert.Equal(2, refusal.Limit);
        Assert.Equal(TimeSpan.Zero, refusal.RetryAfter);   // nothing has been computed that could be timed
        Assert.StartsWith("The queue of 'stub' is full: 2 requests wait.", refusal.Message, StringComparison.Ordinal);

        model.LetOneEnd();
        await model.AwaitBatch();
        answers.AddRange(Enumerable.Range(3, 2).Select(n => Send(evaluator, n)));
        Assert.True(Assert.Throws<QueueFullException>(() => { _ = Send(evaluator, 9); }).RetryAfter > TimeSpan.Zero);
        Release(model, 2);
        int[] results = await Task.WhenAll(answers);
        Assert.Equal([0, 1, 2, 3, 4], results);
    }

    [Fact]
    public async Task A_cancelled_request_leaves_the_queue_and_gives_its_place_to_another()
    {
        var model = new StubModel { Waits = true };
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 1, QueueLimit = 3 });
        Task<int> first = Send(evaluator, 0);
        await model.AwaitBatch();
        using var source = new CancellationTokenSource();
        Task<int> before = Send(evaluator, 1), cancelled = evaluator.RunAsync(2, source.Token).AsTask(), after = Send(evaluator, 3);
        await source.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Equal(2, evaluator.QueueLength);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => evaluator.RunAsync(4, source.Token).AsTask());

        Task<int> late = Send(evaluator, 5);
        Release(model, 2);
        int[] results = await Task.WhenAll(first, before, after, late);
        Assert.Equal([0, 1, 3, 5], results);
        Assert.Equal([1, 3, 5], model.Batches[1]);
    }

    [Fact]
    public async Task A_request_that_is_being_computed_is_answered_though_it_is_cancelled()
    {
        var model = new StubModel { Waits = true };
        await using var evaluator = new BatchingEvaluator<int, int>(model);
        using var source = new CancellationTokenSource();
        Task<int> request = evaluator.RunAsync(7, source.Token).AsTask();
        await model.AwaitBatch();
        await source.CancelAsync();
        model.LetOneEnd();
        Assert.Equal(7, await request);
    }

    /// <summary>The rest of the batch is computed again, each request with its own example.</summary>
    [Fact]
    public async Task A_failure_after_some_answers_leaves_the_others_their_examples()
    {
        List<int[]> batches = [];
        var model = new RecordingModel
        {
            Answer = batch =>
            {
                batches.Add(batch.Examples.ToArray());
                for (int i = 0; i < batch.Count; i++)
                {
                    if (batch.Count == 5 && i is (1 or 3))
                        continue;

                    batch.SetResult(i, batch.Examples[i]);
                }

                if (batch.Count == 5)
                    throw new FormatException("after three answers");

                Assert.Throws<ArgumentOutOfRangeException>(() => batch.SetResult(1, 99));   // the other one that is open is not of this part
            },
        };
        var options = new BatchingOptions<int> { MaxDelay = TimeSpan.FromMinutes(1), MaxBatchSize = 5, Workers = 1 };
        await using var evaluator = new BatchingEvaluator<int, int>(model, options);

        int[] answers = await Task.WhenAll(Enumerable.Range(10, 5).Select(n => Send(evaluator, n)));

        Assert.Equal([10, 11, 12, 13, 14], answers);
        Assert.Equal([[10, 11, 12, 13, 14], [11], [13]], batches);
    }

    /// <summary>A product takes all threads, unless another batch is computed beside it.</summary>
    [Fact]
    public async Task Products_of_a_batch_alone_take_all_threads_and_those_of_a_second_one_do_not()
    {
        using SemaphoreSlim begun = new(0), mayEnd = new(0);
        var model = new RecordingModel
        {
            Answer = batch =>
            {
                begun.Release();
                mayEnd.Wait();
                batch.SetResult(0, batch.Examples[0]);
            },
        };
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 2 });
        Task<int> first = Send(evaluator, 0);
        await begun.WaitAsync(Cancellation);
        Task<int> second = Send(evaluator, 1);
        await begun.WaitAsync(Cancellation);
        mayEnd.Release(2);
        await Task.WhenAll(first, second);

        Assert.Equal([false, true], model.Parts);
    }

    [Fact]
    public async Task An_answer_is_awaited_once()
    {
        await using var evaluator = new BatchingEvaluator<int, int>(new StubModel());
        ValueTask<int> answer = evaluator.RunAsync(1, Cancellation);
        await answer;
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await answer);
        Assert.Equal(2, await evaluator.RunAsync(2, Cancellation));
    }

    [Fact]
    public async Task A_request_allocates_nothing_on_the_callers_thread_once_there_have_been_some()
    {
        await using var evaluator = new BatchingEvaluator<int, int>(new StubModel());
        using var source = new CancellationTokenSource();
        Ask();
        Allocations.AssertNone(Ask);

        void Ask()
        {
            for (int n = 0; n < 20; n++)
            {
                ValueTask<int> answer = evaluator.RunAsync(n, source.Token);
                while (!answer.IsCompleted)
                    Thread.Yield();

                Assert.True(answer.GetAwaiter().GetResult() == n);
            }
        }
    }

    [Fact]
    public async Task A_refusal_tells_how_long_those_that_wait_will_take()
    {
        var model = new StubModel { Waits = true };
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 1, QueueLimit = 4 });
        Task<int>[] answers = await FirstAndWaiting(evaluator, model, 1);
        await Task.Delay(30, Cancellation);
        model.LetOneEnd();   // one request, 30 ms at least
        await model.AwaitBatch();
        answers = [.. answers, .. Enumerable.Range(2, 4).Select(n => Send(evaluator, n))];
        var refusal = Assert.Throws<QueueFullException>(() => { _ = Send(evaluator, 9); });
        Assert.InRange(refusal.RetryAfter, TimeSpan.FromMilliseconds(4 * 25), TimeSpan.MaxValue);
        Release(model, 2);
        await Task.WhenAll(answers);
    }

    [Fact]
    public async Task A_request_is_answered_once_by_its_position_in_the_batch()
    {
        List<Exception?> errors = [];
        var model = new RecordingModel
        {
            Answer = batch =>
            {
                batch.SetResult(0, 5);
                errors.Add(Record.Exception(() => batch.SetResult(0, 6)));
                errors.Add(Record.Exception(() => batch.SetResult(1, 6)));
                errors.Add(Record.Exception(() => batch.SetResult(-1, 6)));
                errors.Add(Record.Exception(() => batch.SetException(0, null!)));
            },
        };
        await using (var evaluator = new BatchingEvaluator<int, int>(model))
            Assert.Equal(5, await evaluator.RunAsync(1, Cancellation));   // the worker may still be recording; the disposal waits for it

        Assert.Equal("Request 0 of the batch has been answered already.", Assert.IsType<InvalidOperationException>(errors[0]).Message);
        Assert.IsType<ArgumentOutOfRangeException>(errors[1]);
        Assert.IsType<ArgumentOutOfRangeException>(errors[2]);
        Assert.IsType<ArgumentNullException>(errors[3]);
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        BatchingOptions<int>[] wrong =
        [
            new() { MaxBatchSize = 0 }, new() { MaxBatchCost = 0 }, new() { QueueLimit = 0 }, new() { Workers = 0 }, new() { Workers = 257 },
            new() { MaxDelay = TimeSpan.FromSeconds(-1) }, new() { MaxDelay = TimeSpan.FromHours(1) },
        ];
        Assert.All(wrong, options => Assert.Throws<ArgumentOutOfRangeException>(() => new BatchingEvaluator<int, int>(new StubModel(), options)));
        Assert.Throws<ArgumentException>(() => new BatchingEvaluator<int, int>(new StubModel(), new BatchingOptions<int> { Name = " " }));
        Assert.Throws<ArgumentNullException>(() => new BatchingEvaluator<int, int>(null!));
        using var evaluator = new BatchingEvaluator<int, int>(new StubModel(), new BatchingOptions<int> { Cost = n => n });
        Assert.Throws<ArgumentException>(() => { _ = Send(evaluator, -1); });
    }
}
