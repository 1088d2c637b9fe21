namespace BlasNet.Serving;

/// <summary>A model and how many use it: the evaluator whose current model it is, and each batch that is computed with it. The last one disposes it.</summary>
internal sealed class ModelLease<TExample, TResult>(BatchModel<TExample, TResult> model)
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _uses = 1;

    public BatchModel<TExample, TResult> Model => model;

    /// <summary>Ends when the model has been disposed, with what that threw.</summary>
    public Task Released => _released.Task;

    /// <summary>By who knows that it is the current model, holding the queue's lock.</summary>
    public ModelLease<TExample, TResult> Share()
    {
        Interlocked.Increment(ref _uses);
        return this;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _uses) > 0)
            return;

        try
        {
            model.Dispose();
            _released.SetResult();
        }
        catch (Exception e)
        {
            _released.SetException(e);
        }
    }
}
