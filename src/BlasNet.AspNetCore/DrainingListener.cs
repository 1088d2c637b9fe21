using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BlasNet.AspNetCore;

/// <summary>Kestrel's transport by sockets, whose listeners drain.</summary>
internal sealed class DrainingListenerFactory : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly SocketTransportFactory _transport;
    private readonly Drain _drain;
    private readonly ConcurrentDictionary<EndPoint, Socket> _sockets = [];

    public DrainingListenerFactory(IOptions<SocketTransportOptions> options, ILoggerFactory logging, Drain drain)
    {
        Func<EndPoint, Socket> create = options.Value.CreateBoundListenSocket;
        options.Value.CreateBoundListenSocket = endpoint => _sockets[endpoint] = create(endpoint);
        (_transport, _drain) = (new SocketTransportFactory(options, logging), drain);
    }

    public bool CanBind(EndPoint endpoint) => _transport.CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        IConnectionListener listener = await _transport.BindAsync(endpoint, cancellationToken).ConfigureAwait(false);
        return new DrainingListener(listener, _sockets[endpoint], _drain);
    }
}

/// <summary>Accepts what waits in the kernel's queue before it listens no more, and then waits until its connections have been told. Only then does Kestrel
/// close what is idle.</summary>
internal sealed class DrainingListener(IConnectionListener listener, Socket socket, Drain drain) : IConnectionListener
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    public EndPoint EndPoint => listener.EndPoint;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        ConnectionContext? connection = await listener.AcceptAsync(cancellationToken).ConfigureAwait(false);
        if (connection is not null)
            drain.Add(connection.ConnectionClosed);

        return connection;
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        // The kernel resets connections that nobody has accepted, which their clients take for made.
        while (socket.Poll(TimeSpan.Zero, SelectMode.SelectRead) && !cancellationToken.IsCancellationRequested)
            await Task.Delay(Step, CancellationToken.None).ConfigureAwait(false);

        await listener.UnbindAsync(cancellationToken).ConfigureAwait(false);
        await drain.Run(cancellationToken).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => listener.DisposeAsync();
}
