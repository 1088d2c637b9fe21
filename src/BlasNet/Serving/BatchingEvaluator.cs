using System.Diagnostics;

namespace BlasNet.Serving;

/// <summary>Answers single requests from any number of threads by computing together what waits: a server's products with vectors become products with
/// matrices.</summary>
/// <typeparam name="TExample">A request.</typeparam>
/// <typeparam name="TResult">Its answer.</typeparam>
/// <remarks>
/// A free worker takes what waits, its share of it, up to a size and a cost (<see cref="BatchingOptions{TExample}"/>). No timer is needed: while a batch is
/// computed, the next one gathers, so under little load a request is computed at once, and under much load batches are large.
/// <para>A request is in one of these states, and each change but the last is made by who holds the queue's lock:</para>
/// <code>
///                         ┌── cancelled ─────────────────────────┐
/// RunAsync ──▶ waiting ───┤                                      ├──▶ answered ──▶ awaited: its object is used again
///                │        └── taken: in one batch, on one thread ┘
///                └ refused at once if the queue is full or closed
/// </code>
/// <list type="bullet">
/// <item>Cancelled while it is taken: whoever gets the lock first decides. A request that is being computed is answered.</item>
/// <item>Cancelled before it waits: the token is registered when the request is in the queue, and calls at once if it has been cancelled meanwhile.</item>
/// <item>Cancelled after its answer: an object whose cancellation may still call is not used again.</item>
/// <item>Sent while the evaluator is disposed: the lock decides. It is in the queue before that is closed, and will be answered, or it is refused.</item>
/// <item>Model exchanged while a batch is computed: a batch takes its model together with its requests, and holds it until it ends, however often
/// parts of it are computed anew after a failure.</item>
/// <item>A request that comes while the last worker ends: the worker counts itself out with the lock held and then looks at the queue once more; a request
/// that comes later finds a worker too few and starts one. So none is left lying.</item>
/// </list>
/// <para>Workers are work items of the thread pool, as many at once as <see cref="BatchingOptions{TExample}.Workers"/>. Callers that have been answered go on
/// as work items too, never within a worker; and a worker queues itself anew after each batch, behind them, so that their next requests are there when it
/// looks. A request allocates nothing but its answer once there have been as many at a time before.</para>
/// </remarks>
public sealed partial class BatchingEvaluator<TExample, TResult> : IAsyncDisposable, IDisposable, IMeteredQueue
{
    private readonly Lock _gate = new();   // for the fields up to the empty line
    private readonly RequestList<TExample, TResult> _waiting = new();
    private readonly Stack<Worker> _idle = [];
    private ModelLease<TExample, TResult> _current;
    private Timer? _timer;
    private int _running, _computing;   // workers; requests that they compute
    private double _secondsPerRequest;
    private bool _isClosed;

    private readonly BatchingOptions<TExample> _options;
    private readonly Lock _unusedGate = new();
    private readonly Stack<Request<TExample, TResult>> _unused = [];

    /// <param name="model">Computes batches; disposed with the evaluator. <see cref="BatchModel"/> makes one of an evaluator.</param>
    /// <param name="options">Null for the default ones.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option makes no sense.</exception>
    public BatchingEvaluator(BatchModel<TExample, TResult> model, BatchingOptions<TExample>? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _options = options ?? new BatchingOptions<TExample>();
        _options.Validate();
        _current = new ModelLease<TExample, TResult>(model);
        Tag = new KeyValuePair<string, object?>("model", _options.Name);
        for (int i = 0; i < _options.Workers; i++)
            _idle.Push(new Worker(this));

        ServingMeter.Add(this);
    }

    /// <summary>As given.</summary>
    public BatchingOptions<TExample> Options => _options;

    /// <summary>How many requests wait.</summary>
    public int QueueLength
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>Whether it has been disposed: it takes no requests any more.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
                return _isClosed;
        }
    }

    int IMeteredQueue.Length => QueueLength;

    KeyValuePair<string, object?> IMeteredQueue.Tag => Tag;

    private KeyValuePair<string, object?> Tag { get; }

    /// <summary>Answers a request. Any thread may call it.</summary>
    /// <param name="example">Must not change until the request is answered.</param>
    /// <param name="cancellation">Takes the request out of the queue. One that is being computed is answered nevertheless.</param>
    /// <returns>The answer, to be awaited once. Or what the model threw for this request.</returns>
    /// <exception cref="QueueFullException">Thrown at once: as many requests wait as may.</exception>
    /// <exception cref="ObjectDisposedException">Thrown at once: the evaluator has been disposed.</exception>
    /// <exception cref="OperationCanceledException">By the task: the request was cancelled while it waited.</exception>
    public ValueTask<TResult> RunAsync(TExample example, CancellationToken cancellation = default)
    {
        if (cancellation.IsCancellationRequested)
            return ValueTask.FromCanceled<TResult>(cancellation);

        Request<TExample, TResult> request = NewRequest(example);
        Exception? refusal;
        lock (_gate)
            refusal = Enqueue(request);

        if (refusal is not null)   // thrown without the lock: that takes as long as hundreds of requests that find room
        {
            request.Abandon();
            throw refusal;
        }

        if (cancellation.CanBeCanceled)
            request.CancelWith(cancellation);

        return request.Task;
    }

    /// <summary>Computes the batches that come with another model from now on. Those under way are answered by the one before.</summary>
    /// <param name="model">Disposed with the evaluator, or when it is exchanged again.</param>
    /// <returns>Ends when the model before has been disposed, after the last batch that was computed with it.</returns>
    /// <remarks>Every answer is of one model. Warm the new one up before: <see cref="PrepareAsync"/>.</remarks>
    /// <exception cref="ObjectDisposedException">The evaluator has been disposed; the model stays the caller's.</exception>
    /// <exception cref="ArgumentException">It is the current model.</exception>
    public Task ExchangeAsync(BatchModel<TExample, TResult> model)
    {
        ArgumentNullException.ThrowIfNull(model);
        ModelLease<TExample, TResult> before;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (ReferenceEquals(model, _current.Model))
                throw new ArgumentException("This is the current model already.", nameof(model));

            before = _current;
            _current = new ModelLease<TExample, TResult>(model);
        }

        before.Release();
        return before.Released;
    }

    /// <summary>Refuses requests from now on, answers those that wait, then disposes the model.</summary>
    public ValueTask DisposeAsync() => new(Close());

    /// <summary>As <see cref="DisposeAsync"/>, without waiting until what waits has been answered.</summary>
    public void Dispose() => Close();

    /// <summary>Takes a request that waits out of the queue.</summary>
    /// <returns>False if it does not wait any more: then it is not the caller's to end.</returns>
    internal bool TryWithdraw(Request<TExample, TResult> request)
    {
        lock (_gate)
        {
            if (!request.IsWaiting)
                return false;

            _waiting.Remove(request);
            return true;
        }
    }

    internal void Return(Request<TExample, TResult> request)
    {
        lock (_unusedGate)
        {
            if (_unused.Count < _options.QueueLimit)
                _unused.Push(request);
        }
    }

    private Task Close()
    {
        bool isLast;
        lock (_gate)
        {
            bool isFirst = !_isClosed;
            _isClosed = true;
            StartWorker();   // requests that still gather
            isLast = isFirst && _running == 0;
            _timer?.Dispose();
        }

        ServingMeter.Remove(this);
        if (isLast)
            _current.Release();

        return _current.Released;
    }

    /// <returns>Null if the request waits now; else why it does not.</returns>
    private Exception? Enqueue(Request<TExample, TResult> request)
    {
        if (_isClosed)
            return new ObjectDisposedException(GetType().FullName);

        if (_waiting.Count >= _options.QueueLimit)
            return Refused();

        _waiting.Add(request);
        StartWorker();
        return null;
    }

    private Request<TExample, TResult> NewRequest(TExample example)
    {
        int cost = _options.Cost?.Invoke(example) ?? 0;
        if (cost < 0)
            throw new ArgumentException($"The cost of a request must not be negative; Options.Cost gave {cost}.", nameof(example));

        Request<TExample, TResult>? request;
        lock (_unusedGate)
            _unused.TryPop(out request);

        request ??= new Request<TExample, TResult>(this);
        request.Begin(example, cost, Stopwatch.GetTimestamp());
        return request;
    }

    private QueueFullException Refused()
    {
        ServingMeter.AddRefusal(this);
        return new QueueFullException(
            _options.Name, _options.QueueLimit, TimeSpan.FromSeconds(_waiting.Count * _secondsPerRequest / _options.Workers));
    }
}
