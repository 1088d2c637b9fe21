using System.ComponentModel;
using System.Runtime.CompilerServices;
using BlasNet.Graphs.Awaiting;

namespace BlasNet.Graphs;

/// <summary>Makes an <see cref="ExprTask{TResult}"/> of an async function; for the compiler. What a function keeps while it waits comes from a pool, so that
/// waiting allocates nothing.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public struct ExprTaskMethodBuilder<TResult>
{
    private PoolingAsyncValueTaskMethodBuilder<TResult> _builder;

    /// <summary>The task.</summary>
    public ExprTask<TResult> Task => new(_builder.Task);

    /// <summary>For the compiler.</summary>
#pragma warning disable CA1000 // The compiler asks for it.
    public static ExprTaskMethodBuilder<TResult> Create() => new() { _builder = PoolingAsyncValueTaskMethodBuilder<TResult>.Create() };
#pragma warning restore CA1000

    /// <summary>For the compiler.</summary>
    public void Start<TStateMachine>(ref TStateMachine stateMachine) where TStateMachine : IAsyncStateMachine => _builder.Start(ref stateMachine);

    /// <summary>For the compiler.</summary>
    public void SetStateMachine(IAsyncStateMachine stateMachine) => _builder.SetStateMachine(stateMachine);

    /// <summary>For the compiler.</summary>
    public void SetResult(TResult result) => _builder.SetResult(result);

    /// <summary>For the compiler.</summary>
    public void SetException(Exception exception) => _builder.SetException(exception);

    /// <summary>For the compiler.</summary>
    /// <exception cref="InvalidOperationException">Something else is awaited than a value.</exception>
    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
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

        _builder.AwaitUnsafeOnCompleted(ref awaiter, ref stateMachine);
    }

    private static InvalidOperationException NoValue(Type awaiter) => new(
        $"A function of an example awaits values (Expr) and other such functions (ExprTask), and nothing else; {awaiter} would go on by itself.");
}
