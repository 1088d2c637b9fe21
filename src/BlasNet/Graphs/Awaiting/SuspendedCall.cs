using System.Runtime.CompilerServices;

namespace BlasNet.Graphs.Awaiting;

/// <summary>A call with what its function keeps while it waits.</summary>
/// <remarks>As many are kept for later calls as have waited at once on a thread: in a search hundreds of games wait, each at several levels, which is more than
/// <see cref="PoolingAsyncValueTaskMethodBuilder{TResult}"/> keeps.</remarks>
internal sealed class SuspendedCall<TStateMachine, TResult> : AsyncCall<TResult> where TStateMachine : IAsyncStateMachine
{
    private const int MostKept = 1 << 14;

    [ThreadStatic]
    private static SuspendedCall<TStateMachine, TResult>? _free;

    private readonly Action _goOn;
    private TStateMachine _machine = default!;
    private ExecutionContext? _context;
    private SuspendedCall<TStateMachine, TResult>? _next;   // of those that are free
    private int _freeCount;                                 // this one and those after it

    private SuspendedCall() => _goOn = GoOnAll;

    /// <summary>A free one, or a new one. Its machine is to be set.</summary>
    public static SuspendedCall<TStateMachine, TResult> Rent()
    {
        if (_free is not { } free)
            return new SuspendedCall<TStateMachine, TResult>();

        (_free, free._next) = (free._next, null);
        return free;
    }

    /// <summary>What the function keeps. It holds the builder, which must know this call before.</summary>
    public void Keep(ref readonly TStateMachine machine) => _machine = machine;

    /// <summary>Says that the function waits from here on.</summary>
    /// <returns>What is to be called when it goes on.</returns>
    public Action Suspend()
    {
        _context = ExecutionContext.Capture();
        return _goOn;
    }

    public override Continuation? GoOn()
    {
        ExecutionContext? outer = ExecutionContext.Capture();
        Restore(_context, outer);
        _machine.MoveNext();
        Restore(outer, ExecutionContext.Capture());
        return TakeWaiting();
    }

    protected override void Return()
    {
        (_machine, _context) = (default!, null);
        int count = (_free?._freeCount ?? 0) + 1;
        if (count <= MostKept)
            (_next, _freeCount, _free) = (_free, count, this);
    }

    private static void Restore(ExecutionContext? context, ExecutionContext? current)
    {
        if (context is not null && !ReferenceEquals(context, current))
            ExecutionContext.Restore(context);
    }
}
