using System.Runtime.ExceptionServices;

namespace BlasNet.Graphs.Awaiting;

/// <summary>The call of an async function that has not ended at once: the source of its <see cref="ExprTask{TResult}"/>, used again for later calls.</summary>
internal abstract class AsyncCall<TResult> : Continuation
{
    private TResult? _result;
    private ExceptionDispatchInfo? _error;
    private Continuation? _waiting;   // for the result
    private bool _hasEnded;

    /// <summary>Tells the task of this call from those of earlier ones.</summary>
    public int Version { get; private set; }

    public bool HasEnded(int version)
    {
        RequireCurrent(version);
        return _hasEnded;
    }

    /// <summary>The result, given once: the object may be another call's after that.</summary>
    /// <exception cref="InvalidOperationException">The function has not ended, or the task has been awaited before.</exception>
    public TResult TakeResult(int version)
    {
        if (!HasEnded(version))
            throw new InvalidOperationException("The function has not ended: await its task.");

        (TResult? result, ExceptionDispatchInfo? error) = (_result, _error);
        (_result, _error, _hasEnded) = (default, null, false);
        Version++;
        Return();
        error?.Throw();
        return result!;
    }

    /// <exception cref="InvalidOperationException">The task is awaited elsewhere, or has been.</exception>
    public void ContinueWith(Continuation waiting, int version)
    {
        RequireCurrent(version);
        if (_waiting is not null)
            throw AwaitedTwice();

        if (_hasEnded)
            waiting.GoOnAll();
        else
            _waiting = waiting;
    }

    public void SetResult(TResult result) => (_result, _hasEnded) = (result, true);

    public void SetException(Exception error) => (_error, _hasEnded) = (ExceptionDispatchInfo.Capture(error), true);

    /// <summary>What waits for the result, if it is there.</summary>
    protected Continuation? TakeWaiting()
    {
        if (!_hasEnded)
            return null;

        Continuation? waiting = _waiting;
        _waiting = null;
        return waiting;
    }

    /// <summary>Keeps the object for a later call.</summary>
    protected abstract void Return();

    private void RequireCurrent(int version)
    {
        if (version != Version)
            throw AwaitedTwice();
    }

    private static InvalidOperationException AwaitedTwice() => new("The task of a function is awaited once; keep its result instead.");

    /// <summary>A call that has thrown before it waited for anything.</summary>
    public sealed class Failed : AsyncCall<TResult>
    {
        public Failed(Exception error) => SetException(error);

        public override Continuation? GoOn() => null;

        protected override void Return()
        {
        }
    }
}
