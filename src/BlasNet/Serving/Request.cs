using System.Threading.Tasks.Sources;

namespace BlasNet.Serving;

/// <summary>A request that waits, is computed or has been answered: the source of its caller's task, used again for later requests.</summary>
/// <param name="owner">Has the queue and the unused requests.</param>
internal sealed class Request<TExample, TResult>(BatchingEvaluator<TExample, TResult> owner) : IValueTaskSource<TResult>
{
    // The caller goes on on the thread pool, never on the thread that computes.
    private ManualResetValueTaskSourceCore<TResult> _answer = new() { RunContinuationsAsynchronously = true };
    private CancellationToken _cancellation;
    private CancellationTokenRegistration _registration;

    public TExample Example { get; private set; } = default!;

    public int Cost { get; private set; }

    /// <summary>When it came, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public long Arrival { get; private set; }

    /// <summary>Whether it is in the queue. Read and written by who holds the queue's lock.</summary>
    public bool IsWaiting { get; set; }

    /// <summary>Its neighbours in the queue.</summary>
    public Request<TExample, TResult>? Previous { get; set; }

    /// <inheritdoc cref="Previous"/>
    public Request<TExample, TResult>? Next { get; set; }

    /// <summary>To be awaited once.</summary>
    public ValueTask<TResult> Task => new(this, _answer.Version);

    public void Begin(TExample example, int cost, long arrival) => (Example, Cost, Arrival) = (example, cost, arrival);

    /// <summary>After it has been put into the queue, so that whoever is to cancel it finds it there.</summary>
    public void CancelWith(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        _registration = cancellation.UnsafeRegister(static request => ((Request<TExample, TResult>)request!).Cancel(), this);
    }

    /// <summary>Instead of being put into the queue.</summary>
    public void Abandon()
    {
        Example = default!;
        owner.Return(this);
    }

    public void SetResult(TResult result) => _answer.SetResult(result);

    public void SetException(Exception error) => _answer.SetException(error);

    ValueTaskSourceStatus IValueTaskSource<TResult>.GetStatus(short token) => _answer.GetStatus(token);

    void IValueTaskSource<TResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _answer.OnCompleted(continuation, state, token, flags);

    TResult IValueTaskSource<TResult>.GetResult(short token)
    {
        if (_answer.GetStatus(token) == ValueTaskSourceStatus.Pending)   // throws if the task was awaited before
            throw new InvalidOperationException("The request has not been answered yet: await it.");

        try
        {
            return _answer.GetResult(token);
        }
        finally
        {
            End();
        }
    }

    private void Cancel()
    {
        if (owner.TryWithdraw(this))
            SetException(new OperationCanceledException(_cancellation));
    }

    // A cancellation that has begun might still call: then the request is not used again, or it would cancel another caller's.
    private void End()
    {
        bool isReusable = !_cancellation.CanBeCanceled || _registration.Unregister();
        (Example, _cancellation, _registration) = (default!, default, default);
        _answer.Reset();
        if (isReusable)
            owner.Return(this);
    }
}
