using System.Numerics;
using System.Numerics.Tensors;
using BlasNet.Training;

namespace BlasNet.Serving;

/// <summary>Computes batches by an evaluator.</summary>
/// <param name="run">Evaluates examples and hands each one's value over.</param>
/// <param name="read">Makes an answer of it.</param>
/// <param name="owned">Disposed with this.</param>
/// <param name="requireFinite">Whether infinite and NaN elements are errors.</param>
internal sealed class EvaluatorModel<TExample, T, TResult>(
    EvaluatorModel<TExample, T, TResult>.Run run, ResultReader<TExample, T, TResult> read, IDisposable? owned, bool requireFinite)
    : BatchModel<TExample, TResult>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>One for each thread, so that a batch allocates no delegate.</summary>
    [ThreadStatic]
    private static Reader? _reader;

    private readonly ResultReader<TExample, T, TResult> _read = read ?? throw new ArgumentNullException(nameof(read));

    internal delegate void Run(ReadOnlySpan<TExample> examples, ResultHandler<T> handler);

    public override void Compute(Batch<TExample, TResult> batch)
    {
        Reader reader = _reader ?? new Reader();
        _reader = null;   // a function that evaluates another model on this thread gets one of its own
        (reader.Model, reader.Batch) = (this, batch);
        try
        {
            run(batch.Examples, reader.Handler);
        }
        finally
        {
            (reader.Model, reader.Batch) = (null, null);
            _reader = reader;
        }
    }

    protected override void Dispose(bool isDisposing)
    {
        owned?.Dispose();
        base.Dispose(isDisposing);
    }

    private void Answer(Batch<TExample, TResult> batch, int example, ReadOnlySpan<T> value)
    {
        TResult result;
        try
        {
            if (requireFinite && !TensorPrimitives.IsFiniteAll(value))
            {
                throw new ArithmeticException(
                    "The model's value for this request has an infinite or NaN element. With requireFinite: false it would be handed over as it is.");
            }

            result = _read(batch.Examples[example], value);
        }
        catch (Exception e)
        {
            batch.SetException(example, e);
            return;
        }

        batch.SetResult(example, result);
    }

    private sealed class Reader
    {
        public Reader() => Handler = (example, value) => Model!.Answer(Batch!, example, value);

        public EvaluatorModel<TExample, T, TResult>? Model { get; set; }

        public Batch<TExample, TResult>? Batch { get; set; }

        public ResultHandler<T> Handler { get; }
    }
}
