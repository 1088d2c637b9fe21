namespace BlasNet.Serving.Benchmarks;

/// <summary>A way to answer requests that come one by one.</summary>
internal interface IService : IAsyncDisposable
{
    ValueTask<float> AskAsync(int[] sentence, CancellationToken cancellation = default);
}

/// <summary>So many evaluators, each for one request at a time, on its thread; one is an evaluator behind a lock.</summary>
internal sealed class Pool(SentenceModel model, int evaluators) : IService
{
    private readonly SemaphoreSlim _free = new(evaluators);

    public async ValueTask<float> AskAsync(int[] sentence, CancellationToken cancellation = default)
    {
        await _free.WaitAsync(cancellation);
        try
        {
            float answer = 0;
            model.Evaluator.Run([sentence], (_, value) => answer = value[0], CancellationToken.None);
            return answer;
        }
        finally
        {
            _free.Release();
        }
    }

    public ValueTask DisposeAsync()
    {
        _free.Dispose();
        model.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>What waits is computed together.</summary>
internal sealed class Batching(SentenceModel model, BatchingOptions<int[]> options) : IService
{
    public BatchingEvaluator<int[], float> Evaluator { get; } = new(model.ToBatchModel(), options);

    public ValueTask<float> AskAsync(int[] sentence, CancellationToken cancellation = default) => Evaluator.RunAsync(sentence, cancellation);

    public ValueTask DisposeAsync() => Evaluator.DisposeAsync();
}
