namespace BlasNet.Serving;

/// <content>What is done before the first requests.</content>
public sealed partial class BatchingEvaluator<TExample, TResult>
{
    private const int LargestWarmUp = 256;

    /// <summary>Computes batches of 1, 2, 4, … examples with the current model, on as many threads as there are workers, so that the first requests find
    /// compiled code, measured kernels, packed weights and memory.</summary>
    /// <param name="examples">One or more, of the usual kinds and sizes. They are used again and again.</param>
    /// <param name="cancellation">Asked between batches.</param>
    /// <exception cref="ArgumentException">There are no examples.</exception>
    /// <exception cref="ObjectDisposedException">The evaluator has been disposed.</exception>
    /// <remarks>What the model throws for an example is thrown.</remarks>
    public async Task WarmUpAsync(IReadOnlyList<TExample> examples, CancellationToken cancellation = default)
    {
        ModelLease<TExample, TResult> lease;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            lease = _current.Share();
        }

        try
        {
            await PrepareAsync(lease.Model, examples, cancellation).ConfigureAwait(false);
        }
        finally
        {
            lease.Release();
        }
    }

    /// <summary>Does the same with a model that is to be exchanged for the current one, see <see cref="ExchangeAsync"/>.</summary>
    /// <param name="model">Stays the caller's.</param>
    /// <param name="examples">One or more, of the usual kinds and sizes.</param>
    /// <param name="cancellation">Asked between batches.</param>
    /// <exception cref="ArgumentException">There are no examples.</exception>
    public Task PrepareAsync(BatchModel<TExample, TResult> model, IReadOnlyList<TExample> examples, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(examples);
        if (examples.Count == 0)
            throw new ArgumentException("Warming up needs one example at least.", nameof(examples));

        // Threads of their own: it takes seconds.
        return Task.WhenAll(Enumerable.Range(0, _options.Workers).Select(_ => Task.Factory.StartNew(
            () => WarmUp(model, examples, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()));
    }

    private async Task WarmUp(BatchModel<TExample, TResult> model, IReadOnlyList<TExample> examples, CancellationToken cancellation)
    {
        List<Task<TResult>> answers = [];
        var batch = new Batch<TExample, TResult>();
        int next = 0;
        int largest = Math.Min(_options.MaxBatchSize, LargestWarmUp);
        for (int size = 1; size / 2 < largest; size *= 2)
        {
            cancellation.ThrowIfCancellationRequested();
            for (int i = 0; i < Math.Min(size, largest); i++)
            {
                Request<TExample, TResult> request = NewRequest(examples[next++ % examples.Count]);
                answers.Add(request.Task.AsTask());
                batch.Add(request);
            }

            Compute(model, batch, isPart: _options.Workers > 1);
        }

        await Task.WhenAll(answers).ConfigureAwait(false);
    }
}
