using System.Numerics;
using BlasNet.Execution;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>Keeps a model's parameters while others are in their place, and puts them back when it is disposed.</summary>
internal sealed class ParameterExchange<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ParameterStore<T> _parameters;
    private readonly NativeBuffer<T> _saved;
    private bool _disposed;

    public ParameterExchange(ParameterStore<T> parameters)
    {
        _parameters = parameters;
        _saved = new NativeBuffer<T>(parameters.Length);
        parameters.Span.CopyTo(_saved.Span);
    }

    public ReadOnlySpan<T> Saved => _saved.Span;

    public void Dispose()
    {
        if (_disposed)
            return;

        _disposed = true;
        if (_parameters.Length == _saved.Length)   // the model has not been disposed
        {
            _saved.Span.CopyTo(_parameters.Span);
            _parameters.Changed();
        }

        _saved.Dispose();
    }
}
