using System.Diagnostics;

namespace BlasNet.Mpi;

/// <summary>Waiting for other ranks: ever less eagerly, so that a rank that shares its processor does not take it from the one it waits for.</summary>
internal struct Patience()
{
    private const int Short = 200;    // rounds: longer than a message takes that is on its way
    private const int Eager = 2000;   // rounds: about as long as a message on one machine takes
    private static readonly long Drowsy = Stopwatch.Frequency / 20, Worried = Stopwatch.Frequency;

    private readonly long _start = Stopwatch.GetTimestamp();
    private long _lastWorry = Stopwatch.GetTimestamp();
    private int _rounds;

    /// <summary>Whether it takes longer than a message does.</summary>
    public readonly bool IsLong => _rounds > Short;

    /// <summary>Lets others work for a while.</summary>
    /// <returns>Whether, once a second, it is time to look after them.</returns>
    public bool Wait()
    {
        if (++_rounds < Eager)
        {
            Thread.SpinWait(10);
            return false;
        }

        long now = Stopwatch.GetTimestamp();
        if (now - _start < Drowsy)
            Thread.Yield();
        else
            Thread.Sleep(1);

        if (now - _lastWorry < Worried)
            return false;

        _lastWorry = now;
        return true;
    }
}
