using BlasNet.Serving;
using static BlasNet.Tests.Serving.Requests;

namespace BlasNet.Tests.Serving;

/// <summary>Batches that gather for some time.</summary>
public sealed class BatchingDelayTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, InlineData(1), InlineData(2)]
    public async Task A_delay_lets_a_batch_gather_until_it_is_full_or_the_evaluator_is_disposed(int workers)
    {
        var model = new StubModel();
        var options = new BatchingOptions<int> { MaxDelay = TimeSpan.FromMinutes(1), MaxBatchSize = 3, Workers = workers };
        var evaluator = new BatchingEvaluator<int, int>(model, options);
        Task<int>[] answers = [.. Enumerable.Range(0, 3).Select(n => Send(evaluator, n))];
        await Task.WhenAll(answers);
        Assert.Equal([[0, 1, 2]], model.Batches);

        Task<int> last = Send(evaluator, 3);
        Assert.Equal(1, evaluator.QueueLength);
        await evaluator.DisposeAsync();
        Assert.Equal(3, await last);
    }

    [Fact]
    public async Task Disposing_answers_a_request_that_gathers_though_no_worker_runs()
    {
        var model = new StubModel();
        var evaluator = new BatchingEvaluator<int, int>(model, new BatchingOptions<int> { MaxDelay = TimeSpan.FromMinutes(1), Workers = 1 });
        Task<int> answer = Send(evaluator, 3);
        await evaluator.DisposeAsync();

        Assert.Equal([[3]], model.Batches);
        Assert.Equal(3, await answer);
    }

    /// <summary>The first request fills a batch, so that no timer has been set for it; and no later request comes that would start a worker.</summary>
    [Fact]
    public async Task A_request_that_comes_while_all_workers_compute_is_answered_after_its_delay()
    {
        var model = new StubModel { Waits = true };
        var options = new BatchingOptions<int> { MaxDelay = TimeSpan.FromMilliseconds(200), Cost = n => n, MaxBatchCost = 5, Workers = 1 };
        await using var evaluator = new BatchingEvaluator<int, int>(model, options);
        Task<int> full = Send(evaluator, 5);
        await model.AwaitBatch();
        Task<int> late = Send(evaluator, 2);
        Release(model, 2);

        int[] answers = await Task.WhenAll(full, late).WaitAsync(Cancellation);
        Assert.Equal([5, 2], answers);
    }

    [Fact]
    public async Task What_has_been_computed_costs_nothing_while_the_next_batch_gathers()
    {
        var model = new StubModel();
        var options = new BatchingOptions<int> { Workers = 1, MaxDelay = TimeSpan.FromMinutes(1), Cost = n => n, MaxBatchCost = 5 };
        var evaluator = new BatchingEvaluator<int, int>(model, options);
        Assert.Equal(5, await evaluator.RunAsync(5, Cancellation));
        Task<int> first = Send(evaluator, 1);
        for (int i = 0; i < 20; i++)
            await Task.Run(() => { }, Cancellation);   // a worker that had been started would come before

        Task<int> second = Send(evaluator, 2);
        await evaluator.DisposeAsync();
        int[] answers = await Task.WhenAll(first, second);
        Assert.Equal([1, 2], answers);
        Assert.Equal([[5], [1, 2]], model.Batches);
    }

    [Fact]
    public async Task After_the_delay_a_batch_is_computed_though_it_is_not_full()
    {
        await using var evaluator = new BatchingEvaluator<int, int>(new StubModel(), new BatchingOptions<int> { MaxDelay = TimeSpan.FromMilliseconds(1) });
        for (int n = 0; n < 20; n++)
            Assert.Equal(n, await evaluator.RunAsync(n, Cancellation));
    }
}
