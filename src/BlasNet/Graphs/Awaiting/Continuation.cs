namespace BlasNet.Graphs.Awaiting;

/// <summary>What goes on when a value, or the result of another function, is there.</summary>
internal abstract class Continuation
{
    /// <summary>What <c>await</c> hands over: of an <see cref="AsyncCall{TResult}"/> the call itself, so that nothing is allocated.</summary>
    public static Continuation Of(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        return action.Target as Continuation ?? new OfAction(action);
    }

    /// <summary>Goes on up to the next wait.</summary>
    /// <returns>What goes on next, since it waited for this function, which has ended; null if there is none.</returns>
    public abstract Continuation? GoOn();

    /// <summary>Goes on, and so do all that have waited for it; without recursion, however deep the functions are.</summary>
    public void GoOnAll()
    {
        for (Continuation? next = this; next is not null;)
            next = next.GoOn();
    }

    private sealed class OfAction(Action action) : Continuation
    {
        public override Continuation? GoOn()
        {
            action();
            return null;
        }
    }
}
