using BlasNet.Serving;

namespace BlasNet.Tests.Serving;

/// <summary>Answers n by n·factor, when it is let; keeps the batches that it was given.</summary>
internal sealed class StubModel(int factor = 1) : BatchModel<int, int>
{
    private readonly SemaphoreSlim _begun = new(0), _mayEnd = new(0);

    /// <summary>Whether each batch waits for <see cref="LetOneEnd"/>.</summary>
    public bool Waits { get; init; }

    public List<int[]> Batches { get; } = [];

    public bool IsDisposed { get; private set; }

    /// <summary>Ends when one more batch has begun.</summary>
    public Task AwaitBatch() => _begun.WaitAsync(TestContext.Current.CancellationToken);

    public void LetOneEnd() => _mayEnd.Release();

    public override void Compute(Batch<int, int> batch)
    {
        Assert.False(IsDisposed);
        lock (Batches)
            Batches.Add(batch.Examples.ToArray());

        _begun.Release();
        if (Waits)
            _mayEnd.Wait();

        for (int i = 0; i < batch.Count; i++)
            batch.SetResult(i, factor * batch.Examples[i]);
    }

    protected override void Dispose(bool isDisposing)
    {
        Assert.False(IsDisposed);
        IsDisposed = true;
        base.Dispose(isDisposing);
    }
}
