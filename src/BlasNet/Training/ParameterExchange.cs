using System.Numerics;
using BlasNet.Execution;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>Keeps a model's parameters while others are in their place, and puts them back when it is disposed.</summary>
internal sealed class ParameterExchange<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Model _model;
    private readonly ParameterStore<T> _parameters;
    private readonly NativeBuffer<T> _saved;
    private bool _disposed;

    public ParameterExchange(Model model)
    {
        (_model, ParameterStore<T> parameters) = (model, model.Store<T>());
        _parameters = parameters;
        _saved = new NativeBuffer<T>(parameters.Length);
        parameters.Span.CopyTo(_saved.Span);
        model.Access.IsReplaced = true;
    }

    public ReadOnlySpan<T> Saved => _saved.Span;

    public void Dispose()
    {
        if (_disposed)
            return;

        _disposed = true;
        if (!_model.Access.IsClosed)
        {
            using ModelAccess.Scope change = _model.Access.Restoring("The end of the average's use");
            _saved.Span.CopyTo(_parameters.Span);
            _parameters.Changed();
            _model.Access.IsReplaced = false;
        }

        _saved.Dispose();
    }
}
