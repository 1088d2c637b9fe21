using BlasNet.Serving;
using static BlasNet.Tests.Serving.Requests;

namespace BlasNet.Tests.Serving;

/// <summary>The models of an evaluator: warmed up, exchanged while requests run, disposed at the end.</summary>
public sealed class BatchingModelTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Disposing_answers_what_was_accepted_and_refuses_the_rest()
    {
        var model = new StubModel { Waits = true };
        var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 1, MaxBatchSize = 2 });
        Task<int>[] answers = await FirstAndWaiting(evaluator, model, 5);
        Task end = evaluator.DisposeAsync().AsTask();
        Assert.True(evaluator.IsClosed);
        Assert.Throws<ObjectDisposedException>(() => { _ = Send(evaluator, 9); });
        Assert.Throws<ObjectDisposedException>(() => { _ = evaluator.ExchangeAsync(new StubModel()); });
        await Assert.ThrowsAsync<ObjectDisposedException>(() => evaluator.WarmUpAsync([1], Cancellation));
        Assert.False(model.IsDisposed);
        Assert.False(end.IsCompleted);
        Release(model, 4);

        await end;
        Assert.True(model.IsDisposed);
        Assert.Equal([[0], [1, 2], [3, 4], [5]], model.Batches);
        int[] results = await Task.WhenAll(answers);
        Assert.Equal([0, 1, 2, 3, 4, 5], results);
        await evaluator.DisposeAsync();
    }

    [Fact]
    public async Task An_evaluator_that_was_never_used_disposes_its_model()
    {
        var model = new StubModel();
        await new BatchingEvaluator<int, int>(model).DisposeAsync();
        Assert.True(model.IsDisposed);
    }

    [Fact]
    public async Task A_batch_ends_with_the_model_that_it_began_with_and_the_next_one_has_the_new_one()
    {
        StubModel old = new(factor: 10) { Waits = true }, replacement = new(factor: 100) { Waits = true };
        await using var evaluator = new BatchingEvaluator<int, int>(old, new BatchingOptions<int> { Workers = 1 });
        Task<int>[] answers = await FirstAndWaiting(evaluator, old, 2);
        Task released = evaluator.ExchangeAsync(replacement);
        Assert.False(released.IsCompleted);
        Assert.Throws<ArgumentException>(() => { _ = evaluator.ExchangeAsync(replacement); });
        old.LetOneEnd();
        await released;
        Assert.True(old.IsDisposed);
        replacement.LetOneEnd();

        int[] results = await Task.WhenAll(answers);
        Assert.Equal([0, 100, 200], results);
        Assert.False(replacement.IsDisposed);
    }

    [Fact]
    public async Task What_the_disposal_of_a_model_throws_reaches_who_exchanges_it_or_disposes_the_evaluator()
    {
        var evaluator = new BatchingEvaluator<int, int>(new RecordingModel { FailsToDispose = true });
        await Assert.ThrowsAsync<FormatException>(() => evaluator.ExchangeAsync(new RecordingModel { FailsToDispose = true }));
        Assert.Equal(7, await evaluator.RunAsync(7, Cancellation));
        await Assert.ThrowsAsync<FormatException>(() => evaluator.DisposeAsync().AsTask());
    }

    [Fact]
    public async Task Warming_up_computes_batches_of_every_size_and_throws_what_the_model_throws()
    {
        StubModel model = new(), next = new();
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 1, MaxBatchSize = 6 });
        await evaluator.WarmUpAsync([1, 2, 3], Cancellation);
        Assert.Equal([[1], [2, 3], [1, 2, 3, 1], [2, 3, 1, 2, 3, 1]], model.Batches);
        await evaluator.PrepareAsync(next, [5], Cancellation);
        Assert.Equal(4, next.Batches.Count);
        Assert.False(next.IsDisposed);

        await Assert.ThrowsAsync<ArgumentException>(() => evaluator.WarmUpAsync([], Cancellation));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => evaluator.WarmUpAsync([1], new CancellationToken(canceled: true)));
    }

    [Theory, InlineData(1), InlineData(3)]
    public async Task Warming_up_takes_as_many_threads_as_there_are_workers_and_products_take_all_only_of_one(int workers)
    {
        var model = new RecordingModel();
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = workers, MaxBatchSize = 3 });
        await evaluator.WarmUpAsync([1], Cancellation);

        Assert.Equal(Enumerable.Repeat(workers > 1, 3 * workers), model.Parts);   // batches of 1, 2 and 3
        Assert.False(model.IsDisposed);
        await evaluator.DisposeAsync();
        Assert.True(model.IsDisposed);
    }

    [Fact]
    public async Task Warming_up_stops_at_256_examples_and_at_what_the_model_throws()
    {
        var model = new RecordingModel { ThrowsFrom = 257 };
        await using var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { Workers = 1, MaxBatchSize = 1000 });
        await evaluator.WarmUpAsync([1], Cancellation);
        Assert.Equal(9, model.Parts.Count);

        model.ThrowsFrom = 1;
        await Assert.ThrowsAsync<FormatException>(() => evaluator.WarmUpAsync([1], Cancellation));
    }
}
