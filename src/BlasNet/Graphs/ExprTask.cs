using System.Runtime.CompilerServices;
using BlasNet.Graphs.Awaiting;

namespace BlasNet.Graphs;

/// <summary>The result of an async function of one example, which may look at values before it knows what to build next.</summary>
/// <typeparam name="TResult">An <see cref="Expr"/> for losses and values; anything for functions of one's own.</typeparam>
/// <remarks>
/// <c>await</c> an <see cref="Expr"/> for its value. All examples that are computed at once wait until each of them waits or has ended; then all values
/// asked for are computed together, in one round, and every example goes on. The number and the order of the rounds follow from the functions alone.
/// An async function may call others, and await them at once or later: what they wait for is computed in the same rounds. Each task is awaited once.
/// Nothing else may be awaited: an example runs on the thread that computes it.
/// </remarks>
/// <example><code>
/// async ExprTask&lt;Expr&gt; Loss(Graph g, Sentence s)
/// {
///     State state = Start(Encode(g, s));
///     Expr loss = g.Constant(0);
///     while (!state.IsFinal)
///     {
///         Expr scores = scorer.Call(state.Top3());
///         ExprValue now = await scores;              // all sentences share this product
///         loss += CrossEntropy(scores, state.Oracle(now));
///         state = state.Apply(state.Best(now));
///     }
///     return loss;
/// }
/// </code></example>
[AsyncMethodBuilder(typeof(ExprTaskMethodBuilder<>))]
public readonly struct ExprTask<TResult>
{
    private readonly AsyncCall<TResult>? _call;   // null where the result is known
    private readonly TResult? _result;
    private readonly int _version;

    /// <summary>A task that has ended.</summary>
    public ExprTask(TResult result) => _result = result;

    internal ExprTask(AsyncCall<TResult> call) => (_call, _version) = (call, call.Version);

    /// <summary>Whether the function has returned or thrown.</summary>
    public bool IsCompleted => _call?.HasEnded(_version) ?? true;

    /// <summary>Awaits the function's end.</summary>
    public Awaiter GetAwaiter() => new(this);

    private TResult TakeResult() => _call is null ? _result! : _call.TakeResult(_version);

    private void ContinueWith(Action continuation)
    {
        if (_call is null)
            continuation();
        else
            _call.ContinueWith(Continuation.Of(continuation), _version);
    }

    /// <summary>What <c>await</c> does with a task.</summary>
    public readonly struct Awaiter : ICriticalNotifyCompletion, IAwaiterOfValues
    {
        private readonly ExprTask<TResult> _task;

        internal Awaiter(ExprTask<TResult> task) => _task = task;

        /// <inheritdoc cref="ExprTask{TResult}.IsCompleted"/>
        public bool IsCompleted => _task.IsCompleted;

        /// <summary>What the function has returned, or the exception that it has thrown.</summary>
        public TResult GetResult() => _task.TakeResult();

        /// <inheritdoc/>
        public void OnCompleted(Action continuation) => _task.ContinueWith(continuation);

        /// <inheritdoc/>
        public void UnsafeOnCompleted(Action continuation) => _task.ContinueWith(continuation);
    }
}
