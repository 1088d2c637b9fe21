using BlasNet.Training;

namespace BlasNet.Serving;

/// <summary>Makes an answer of a model's value.</summary>
/// <param name="example">The request.</param>
/// <param name="value">The function's value for it, column by column; valid during the call.</param>
public delegate TResult ResultReader<TExample, T, TResult>(TExample example, ReadOnlySpan<T> value);

/// <summary>What a <see cref="BatchingEvaluator{TExample, TResult}"/> computes batches with: an evaluator (<see cref="BatchModel"/> makes one), or anything
/// else that gains by computing several examples at once.</summary>
public abstract class BatchModel<TExample, TResult> : IDisposable
{
    /// <summary>Answers every request of a batch. Called by several threads at once, with a batch each.</summary>
    /// <remarks>What it throws concerns the requests not answered yet: they are computed again in halves, so that in the end only those fail that fail
    /// alone.</remarks>
    public abstract void Compute(Batch<TExample, TResult> batch);

    /// <summary>Called once, when no batch is computed with it any more.</summary>
    public void Dispose()
    {
        Dispose(isDisposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose()"/>
    /// <param name="isDisposing">True unless a finalizer of one's own calls it.</param>
    protected virtual void Dispose(bool isDisposing)
    {
    }
}

/// <summary>Batch models of evaluators.</summary>
public static class BatchModel
{
    /// <summary>A batch model of an evaluator of single precision.</summary>
    /// <param name="evaluator">Serves several workers at once; its <see cref="Evaluator{TExample}.Workers"/> should stay 1.</param>
    /// <param name="read">Makes the answer of an example's value. What it throws, this request's caller gets.</param>
    /// <param name="owned">Disposed together with the batch model: the <see cref="Model"/>, if nothing else uses it.</param>
    /// <param name="requireFinite">A value with an infinite or NaN element is an <see cref="ArithmeticException"/> of its request; if not, it is handed over
    /// as it is.</param>
    /// <example><code>
    /// await using var batching = new BatchingEvaluator&lt;int[], float[]&gt;(
    ///     BatchModel.Of(evaluator, (int[] _, ReadOnlySpan&lt;float&gt; value) => value.ToArray(), model));
    /// float[] scores = await batching.RunAsync(sentence);
    /// </code></example>
    public static BatchModel<TExample, TResult> Of<TExample, TResult>(
        Evaluator<TExample> evaluator, ResultReader<TExample, float, TResult> read, IDisposable? owned = null, bool requireFinite = true)
    {
        ArgumentNullException.ThrowIfNull(evaluator);
        return new EvaluatorModel<TExample, float, TResult>((examples, handler) => evaluator.Run(examples, handler), read, owned, requireFinite);
    }

    /// <summary>A batch model of an evaluator of double precision.</summary>
    /// <inheritdoc cref="Of{TExample, TResult}(Evaluator{TExample}, ResultReader{TExample, float, TResult}, IDisposable, bool)"/>
    public static BatchModel<TExample, TResult> OfDouble<TExample, TResult>(
        Evaluator<TExample> evaluator, ResultReader<TExample, double, TResult> read, IDisposable? owned = null, bool requireFinite = true)
    {
        ArgumentNullException.ThrowIfNull(evaluator);
        return new EvaluatorModel<TExample, double, TResult>((examples, handler) => evaluator.RunDouble(examples, handler), read, owned, requireFinite);
    }
}
