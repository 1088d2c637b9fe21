using System.Diagnostics;
using BlasNet.Kernels;

namespace BlasNet.Serving;

/// <content>What computes: work items of the thread pool.</content>
public sealed partial class BatchingEvaluator<TExample, TResult>
{
    // The time of a request, for estimates, is a mean that forgets: of the last 16 batches or so.
    private const double Smoothing = 1.0 / 16;

    // With the lock held, after a request was added or one may have become due.
    private void StartWorker()
    {
        if (_running == _options.Workers || _waiting.First is not { } first)
            return;

        int delay = DelayOf(first);
        if (delay > 0)
        {
            _timer ??= new Timer(static evaluator => ((BatchingEvaluator<TExample, TResult>)evaluator!).OnTimer(), this, Timeout.Infinite, Timeout.Infinite);
            _timer.Change(delay, Timeout.Infinite);
            return;
        }

        _running++;
        ThreadPool.UnsafeQueueUserWorkItem(_idle.Pop(), preferLocal: false);
    }

    private void OnTimer()
    {
        lock (_gate)
            StartWorker();
    }

    // How many milliseconds more the batch that begins with a request may gather.
    private int DelayOf(Request<TExample, TResult> first)
    {
        if (_options.MaxDelay == TimeSpan.Zero || _isClosed || _waiting.Count >= _options.MaxBatchSize || _waiting.Cost >= _options.MaxBatchCost)
            return 0;

        TimeSpan left = _options.MaxDelay - Stopwatch.GetElapsedTime(first.Arrival);
        return left > TimeSpan.Zero ? (int)Math.Ceiling(left.TotalMilliseconds) : 0;
    }

    /// <summary>Takes requests that wait: with two workers half of all that are not answered yet, so that the other one finds as many; all, where they have
    /// gathered.</summary>
    /// <returns>The model to compute them with; null if there is nothing to do.</returns>
    private ModelLease<TExample, TResult>? Take(Batch<TExample, TResult> batch)
    {
        lock (_gate)
        {
            if (_waiting.First is not { } first || DelayOf(first) > 0)
                return null;

            int workers = _options.MaxDelay > TimeSpan.Zero ? 1 : _options.Workers;
            int share = (int)(((long)_waiting.Count + _computing + workers - 1) / workers);
            TakeUpTo(Math.Min(share, _options.MaxBatchSize), batch);
            _computing += batch.Count;
            StartWorker();
            return _current.Share();
        }
    }

    private void TakeUpTo(int most, Batch<TExample, TResult> batch)
    {
        long cost = 0;
        while (_waiting.First is { } request && batch.Count < most && (batch.Count == 0 || cost + request.Cost <= _options.MaxBatchCost))
        {
            cost += request.Cost;
            _waiting.Remove(request);
            batch.Add(request);
        }
    }

    private void Run(Batch<TExample, TResult> batch, ModelLease<TExample, TResult> lease)
    {
        int size = batch.Count;
        long start = Stopwatch.GetTimestamp();
        if (ServingMeter.TimesWaiting)
        {
            foreach (long arrival in batch.Arrivals)
                ServingMeter.AddWaiting(this, Stopwatch.GetElapsedTime(arrival, start));
        }

        Compute(lease.Model, batch, isPart: Volatile.Read(ref _running) > 1);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        lease.Release();
        ServingMeter.AddBatch(this, size, elapsed);
        lock (_gate)
        {
            _computing -= size;
            double seconds = elapsed.TotalSeconds / size;
            _secondsPerRequest += _secondsPerRequest == 0 ? seconds : Smoothing * (seconds - _secondsPerRequest);
        }
    }

    private static void Compute(BatchModel<TExample, TResult> model, Batch<TExample, TResult> batch, bool isPart)
    {
        bool outer = ComputeThreads.IsPart;
        ComputeThreads.IsPart = outer || isPart;
        try
        {
            batch.Compute(model);
        }
        finally
        {
            ComputeThreads.IsPart = outer;
        }
    }

    // Without work. What comes later starts another one.
    private void End(Worker worker)
    {
        bool isLast;
        lock (_gate)
        {
            _running--;
            _idle.Push(worker);
            StartWorker();   // what has come since it looked
            isLast = _isClosed && _running == 0;
        }

        if (isLast)
            _current.Release();
    }

    /// <summary>Computes one batch, then queues itself again behind what else the thread pool has to do: first of all the callers that have just been
    /// answered, whose next requests make the next batch.</summary>
    private sealed class Worker(BatchingEvaluator<TExample, TResult> evaluator) : IThreadPoolWorkItem
    {
        private readonly Batch<TExample, TResult> _batch = new();

        public void Execute()
        {
            if (evaluator.Take(_batch) is { } lease)
            {
                evaluator.Run(_batch, lease);
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
            else
            {
                evaluator.End(this);
            }
        }
    }
}
