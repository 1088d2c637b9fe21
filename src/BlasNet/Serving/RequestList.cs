namespace BlasNet.Serving;

/// <summary>The requests that wait, in the order of their arrival; one leaves from anywhere in constant time.</summary>
internal sealed class RequestList<TExample, TResult>
{
    private Request<TExample, TResult>? _last;

    public Request<TExample, TResult>? First { get; private set; }

    public int Count { get; private set; }

    /// <summary>Sum of the costs.</summary>
    public long Cost { get; private set; }

    public void Add(Request<TExample, TResult> request)
    {
        (request.Previous, request.Next, request.IsWaiting) = (_last, null, true);
        if (_last is null)
            First = request;
        else
            _last.Next = request;

        _last = request;
        Count++;
        Cost += request.Cost;
    }

    public void Remove(Request<TExample, TResult> request)
    {
        if (request.Previous is { } previous)
            previous.Next = request.Next;
        else
            First = request.Next;

        if (request.Next is { } next)
            next.Previous = request.Previous;
        else
            _last = request.Previous;

        (request.Previous, request.Next, request.IsWaiting) = (null, null, false);
        Count--;
        Cost -= request.Cost;
    }
}
