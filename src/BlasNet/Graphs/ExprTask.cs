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
    private readonly ValueTask<TResult> _task;

    /// <summary>A task that has ended.</summary>
    public ExprTask(TResult result) => _task = new ValueTask<TResult>(result);

    internal ExprTask(ValueTask<TResult> task) => _task = task;

    /// <summary>Whether the function has returned or thrown.</summary>
    public bool IsCompleted => _task.IsCompleted;

    /// <summary>Awaits the function's end.</summary>
    public Awaiter GetAwaiter() => new(_task.ConfigureAwait(false).GetAwaiter());

    /// <summary>What <c>await</c> does with a task.</summary>
    public readonly struct Awaiter : ICriticalNotifyCompletion, IAwaiterOfValues
    {
        private readonly ConfiguredValueTaskAwaitable<TResult>.ConfiguredValueTaskAwaiter _awaiter;

        internal Awaiter(ConfiguredValueTaskAwaitable<TResult>.ConfiguredValueTaskAwaiter awaiter) => _awaiter = awaiter;

        /// <inheritdoc cref="ExprTask{TResult}.IsCompleted"/>
        public bool IsCompleted => _awaiter.IsCompleted;

        /// <summary>What the function has returned, or the exception that it has thrown.</summary>
        public TResult GetResult() => _awaiter.GetResult();

        /// <inheritdoc/>
        public void OnCompleted(Action continuation) => _awaiter.UnsafeOnCompleted(continuation);

        /// <inheritdoc/>
        public void UnsafeOnCompleted(Action continuation) => _awaiter.UnsafeOnCompleted(continuation);
    }
}
