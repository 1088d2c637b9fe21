using System.Runtime.CompilerServices;
using BlasNet.Graphs.Awaiting;

namespace BlasNet.Graphs;

/// <summary>What <c>await</c> does with an <see cref="Expr"/>: the example waits until its value has been computed, together with those for which other
/// examples wait.</summary>
public readonly struct ExprAwaiter : ICriticalNotifyCompletion, IAwaiterOfValues
{
    private readonly Expr _expr;

    internal ExprAwaiter(Expr expr) => _expr = expr.In(expr.Graph);

    /// <summary>Whether the value is there already, so that the example need not wait.</summary>
    /// <exception cref="InvalidOperationException">Nobody computes values of the graph while it is built.</exception>
    public bool IsCompleted => Values.IsKnown(_expr.Index);

    private IAwaitedValues Values => _expr.Graph.Awaited ?? throw new InvalidOperationException(_expr.Graph.Body is { } body
        ? $"{body.Name}: the body of a function is traced once for all calls, so there is no value in it to wait for. Await the call's result."
        : $"Nobody computes {_expr} while its graph is built: await it in an async function that was given to a trainer or an evaluator.");

    /// <summary>The value.</summary>
    public ExprValue GetResult() => Values.ValueOf(_expr.Index);

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => Values.Await(_expr.Index, Continuation.Of(continuation));

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) => Values.Await(_expr.Index, Continuation.Of(continuation));
}
