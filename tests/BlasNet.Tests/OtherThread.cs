namespace BlasNet.Tests;

/// <summary>A thread of a test's own. What it throws comes out where it is joined.</summary>
internal sealed class OtherThread
{
    private readonly Thread _thread;
    private Exception? _error;

    private OtherThread(Action action) => _thread = new Thread(() => _error = Record.Exception(action)) { IsBackground = true };

    public static OtherThread Start(Action action)
    {
        var other = new OtherThread(action);
        other._thread.Start();
        return other;
    }

    /// <summary>Returns when the thread waits for something, or has ended.</summary>
    public void AwaitBlockedOrDone()
    {
        while (_thread.IsAlive && (_thread.ThreadState & ThreadState.WaitSleepJoin) == 0)
            Thread.Yield();
    }

    /// <returns>What it has thrown.</returns>
    public Exception? End()
    {
        _thread.Join();
        return _error;
    }

    public void Join() => Assert.Null(End());

    /// <summary>Runs actions at the same time, each on a thread of its own.</summary>
    public static void RunAll(IEnumerable<Action> actions)
    {
        foreach (OtherThread thread in actions.Select(Start).ToArray())
            thread.Join();
    }
}
