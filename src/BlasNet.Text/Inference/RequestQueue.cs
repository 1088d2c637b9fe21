namespace BlasNet.Text.Inference;

/// <summary>Requests from any number of callers: as many are computed at once as there are processors, and those that wait meanwhile are computed
/// together, as one batch.</summary>
/// <param name="encoder">Computes them.</param>
internal sealed class RequestQueue(TextEncoder encoder)
{
    /// <summary>Characters of a token, roughly: how many waiting requests fill a batch is estimated with it.</summary>
    private const int CharactersPerToken = 4;

    private readonly Queue<Request> _waiting = new();
    private int _runners;

    /// <returns>The vectors of the texts, in their order.</returns>
    public Task<float[][]> Embed(IReadOnlyList<string> texts, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var request = new Request(texts, cancellation);
        lock (_waiting)
        {
            _waiting.Enqueue(request);
            if (_runners == Environment.ProcessorCount)
                return request.Task;

            _runners++;
        }

        Task.Run(RunAll, CancellationToken.None);
        return request.Task;
    }

    private void RunAll()
    {
        while (Take() is { Count: > 0 } requests)
            Run(requests);
    }

    // What waits, up to a batch; a runner that finds nothing ends.
    private List<Request> Take()
    {
        List<Request> taken = [];
        long characters = 0, most = CharactersPerToken * (long)encoder.Options.BatchTokens;
        lock (_waiting)
        {
            while (_waiting.TryPeek(out Request? next) && (taken.Count == 0 || characters + next.Characters <= most))
            {
                characters += next.Characters;
                taken.Add(_waiting.Dequeue());
            }

            if (taken.Count == 0)
                _runners--;
        }

        return taken;
    }

    private void Run(List<Request> requests)
    {
        requests.RemoveAll(request => request.IsCanceled());
        try
        {
            // A request that is computed together with others is not cancelled midway.
            CancellationToken cancellation = requests is [var only] ? only.Cancellation : CancellationToken.None;
            float[][] vectors = encoder.Embed([.. requests.SelectMany(request => request.Texts)], cancellation);
            int start = 0;
            foreach (Request request in requests)
            {
                request.SetResult(vectors[start..(start + request.Texts.Count)]);
                start += request.Texts.Count;
            }
        }
        catch (Exception e)
        {
            foreach (Request request in requests)
                request.Fail(e);
        }
    }

    private sealed class Request(IReadOnlyList<string> texts, CancellationToken cancellation)
    {
        private readonly TaskCompletionSource<float[][]> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<string> Texts => texts;

        public CancellationToken Cancellation => cancellation;

        public long Characters { get; } = texts.Sum(text => (long)text.Length);

        public Task<float[][]> Task => _source.Task;

        public void SetResult(float[][] vectors) => _source.TrySetResult(vectors);

        public bool IsCanceled() => cancellation.IsCancellationRequested && _source.TrySetCanceled(cancellation);

        public void Fail(Exception e)
        {
            if (e is OperationCanceledException)
                _source.TrySetCanceled(cancellation);
            else
                _source.TrySetException(e);
        }
    }
}
