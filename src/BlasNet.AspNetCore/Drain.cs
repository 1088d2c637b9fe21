using System.Diagnostics;
using Microsoft.Extensions.Hosting;

namespace BlasNet.AspNetCore;

/// <summary>The end of a service: no new connection, but an answer to each request that comes on those there are, and with it the word that the connection
/// closes.</summary>
/// <remarks>Alone, Kestrel closes a connection that is idle as soon as the host stops; a request that is on its way there is lost, and its client sees a
/// reset.</remarks>
internal sealed class Drain(IHostApplicationLifetime lifetime)
{
    // A connection that has been idle for so long is closed without a word, as after any time-out of HTTP/1.1.
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);

    private volatile bool _isOn;
    private long _lastRequest;
    private int _connections;

    /// <summary>Whether answers must say that their connection closes.</summary>
    public bool IsOn => _isOn;

    /// <summary>Counts a connection until it is closed.</summary>
    public void Add(CancellationToken closed)
    {
        Interlocked.Increment(ref _connections);
        closed.UnsafeRegister(static drain => Interlocked.Decrement(ref ((Drain)drain!)._connections), this);
    }

    /// <summary>A request has come.</summary>
    public void Touch()
    {
        if (_isOn)
            Volatile.Write(ref _lastRequest, Stopwatch.GetTimestamp());
    }

    /// <summary>After the last connection was accepted: ends when all have been closed, no request has come for a second, or the
    /// host waits no longer.</summary>
    public async ValueTask Run(CancellationToken cancellation)
    {
        if (!lifetime.ApplicationStopping.IsCancellationRequested)
            return;   // one address of several is given up

        Volatile.Write(ref _lastRequest, Stopwatch.GetTimestamp());
        _isOn = true;
        while (Volatile.Read(ref _connections) > 0 && Stopwatch.GetElapsedTime(Volatile.Read(ref _lastRequest)) < Quiet
            && !cancellation.IsCancellationRequested)
            await Task.Delay(Step, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
