using System.ComponentModel;
using System.Runtime.CompilerServices;
using BlasNet.Graphs.Awaiting;

namespace BlasNet.Graphs;

/// <summary>Makes an <see cref="ExprTask{TResult}"/> of an async function; for the compiler. What a function keeps while it waits comes from a pool, so that
/// waiting allocates nothing.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public struct ExprTaskMethodBuilder<TResult>
{
    private AsyncCall<TResult>? _call;   // null while it has not waited
    private TResult? _result;

    /// <summary>The task.</summary>
    public readonly ExprTask<TResult> Task => _call is { } call ? new(call) : new(_result!);

    /// <summary>For the compiler.</summary>
#pragma warning disable CA1000 // The compiler asks for it.
    public static ExprTaskMethodBuilder<TResult> Create() => default;
#pragma warning restore CA1000

    /// <summary>For the compiler.</summary>
    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine) where TStateMachine : IAsyncStateMachine
    {
        ExecutionContext? outer = ExecutionContext.Capture();
        stateMachine.MoveNext();
        ExecutionContext? inner = ExecutionContext.Capture();
        if (outer is not null && !ReferenceEquals(outer, inner))   // what a function changes of it is its own
            ExecutionContext.Restore(outer);
    }

    /// <summary>For the compiler.</summary>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    /// <summary>For the compiler.</summary>
    public void SetResult(TResult result)
    {
        if (_call is { } call)
            call.SetResult(result);
        else
            _result = result;
    }

    /// <summary>For the compiler.</summary>
    public void SetException(Exception exception)
    {
        if (_call is { } call)
            call.SetException(exception);
        else
            _call = new AsyncCall<TResult>.Failed(exception);
    }

    /// <summary>For the compiler.</summary>
    /// <exception cref="InvalidOperationException">Something else is awaited than a value.</exception>
    public readonly void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => throw NoValue(typeof(TAwaiter));

    /// <summary>For the compiler.</summary>
    /// <exception cref="InvalidOperationException">Something else is awaited than a value.</exception>
    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine
    {
        if (awaiter is not IAwaiterOfValues)
            throw NoValue(typeof(TAwaiter));

        var call = (SuspendedCall<TStateMachine, TResult>?)_call;
        if (call is null)
        {
            _call = call = SuspendedCall<TStateMachine, TResult>.Rent();
            call.Keep(in stateMachine);   // with this builder, which knows the call
        }

        awaiter.UnsafeOnCompleted(call.Suspend());
    }

    private static InvalidOperationException NoValue(Type awaiter) => new(
        $"A function of an example awaits values (Expr) and other such functions (ExprTask), and nothing else; {awaiter} would go on by itself.");
}
