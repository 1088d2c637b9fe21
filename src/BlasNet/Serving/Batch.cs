namespace BlasNet.Serving;

/// <summary>Requests that are computed together.</summary>
/// <remarks>For one thread. A request belongs to the batch until it is answered; from then on it may be another caller's, so the batch forgets it.</remarks>
public sealed class Batch<TExample, TResult>
{
    private readonly List<TExample> _examples = [];
    private readonly List<Request<TExample, TResult>?> _requests = [];   // null once answered
    private int _start;

    internal Batch()
    {
    }

    /// <summary>Number of requests.</summary>
    public int Count { get; private set; }

    /// <summary>The requests' examples.</summary>
    public ReadOnlySpan<TExample> Examples => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_examples).Slice(_start, Count);

    /// <summary>Answers a request.</summary>
    /// <param name="example">Its position in <see cref="Examples"/>.</param>
    /// <param name="result">The answer. Its caller goes on at once, on another thread.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such request.</exception>
    /// <exception cref="InvalidOperationException">It has been answered.</exception>
    public void SetResult(int example, TResult result) => Take(example).SetResult(result);

    /// <summary>Lets a request fail.</summary>
    /// <param name="example">Its position in <see cref="Examples"/>.</param>
    /// <param name="error">What its caller gets.</param>
    /// <inheritdoc cref="SetResult" path="/exception"/>
    public void SetException(int example, Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        Take(example).SetException(error);
    }

    /// <summary>When the requests came; before they are computed.</summary>
    internal IEnumerable<long> Arrivals => _requests.Select(request => request!.Arrival);

    internal void Add(Request<TExample, TResult> request)
    {
        _examples.Add(request.Example);
        _requests.Add(request);
        Count++;
    }

    /// <summary>Answers all requests, each alone in the end if they fail together, and empties the batch.</summary>
    internal void Compute(BatchModel<TExample, TResult> model)
    {
        Compute(model, 0, Count);
        _examples.Clear();
        _requests.Clear();
        (_start, Count) = (0, 0);
    }

    // A failure costs log₂ n rounds at most. Requests answered before it are not computed again, and what fails while graphs are built has computed nothing.
    private void Compute(BatchModel<TExample, TResult> model, int start, int count)
    {
        (_start, Count) = (start, count);
        Exception? error = null;
        try
        {
            model.Compute(this);
        }
        catch (Exception e)
        {
            error = e;
        }

        int open = MoveOpenToFront(start, count);
        if (open == 0)
            return;

        if (count == 1)
        {
            (_start, Count) = (start, 1);
            SetException(0, error ?? new InvalidOperationException($"{model.GetType().Name}.Compute has returned without an answer to a request."));
            return;
        }

        int half = (open + 1) / 2;
        Compute(model, start, half);
        if (open > half)
            Compute(model, start + half, open - half);
    }

    private int MoveOpenToFront(int start, int count)
    {
        int open = 0;
        for (int i = start; i < start + count; i++)
        {
            if (_requests[i] is not { } request)
                continue;

            (_requests[i], _requests[start + open]) = (null, request);
            _examples[start + open] = _examples[i];
            open++;
        }

        return open;
    }

    private Request<TExample, TResult> Take(int example)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(example);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(example, Count);
        Request<TExample, TResult> request = _requests[_start + example]
            ?? throw new InvalidOperationException($"Request {example} of the batch has been answered already.");
        _requests[_start + example] = null;
        return request;
    }
}
