using System.Runtime.CompilerServices;
using System.Threading.RateLimiting;
using ChannelsNet.Telemetry;
using ChannelsNet.WebSockets.Receiving;

namespace ChannelsNet.WebSockets.Limits;

/// <summary>A WebSocket whose client may send only so many messages in a second; there is one only where that is limited.</summary>
internal sealed class RateLimitedConnection : IConnection, IDisposable
{
    private readonly WebSocketConnection _connection;
    private readonly WebSocketRoute _route;
    private readonly TokenBucketRateLimiter _bucket;

    private RateLimitedConnection(WebSocketConnection connection, WebSocketRoute route, int mostPerSecond)
    {
        _connection = connection;
        _route = route;
        _bucket = new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
        {
            TokenLimit = route.Options.MessageBurst ?? mostPerSecond,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1) / mostPerSecond,

            // It would have a timer of its own; a message is soon enough to look at the time.
            AutoReplenishment = false,
        });
    }

    /// <summary>Limits a connection as its route says; null if that says nothing.</summary>
    public static RateLimitedConnection? Around(WebSocketConnection connection, WebSocketRoute route) =>
        route.Options.MaxMessagesPerSecond is { } most ? new RateLimitedConnection(connection, route, most) : null;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ClientEvent> ReceiveAsync()
    {
        var received = await _connection.ReceiveAsync().ConfigureAwait(false);
        if (received is not WebSocketReceive || TryTake())
        {
            return received;
        }

        var most = _route.Options.MaxMessagesPerSecond;
        _route.RefusedClients.Add(
            RefusalReason.MaxMessagesPerSecond,
            _route.Name,
            $"{nameof(WebSocketConnectionOptions)}.{nameof(WebSocketConnectionOptions.MaxMessagesPerSecond)} is {most}");
        return _connection.Fault(new ClientFaultException(CloseCodes.PolicyViolation, $"You may send {most} messages in a second."));
    }

    public ValueTask SendAsync(ServerEvent serverEvent) => _connection.SendAsync(serverEvent);

    public void Dispose() => _bucket.Dispose();

    private bool TryTake()
    {
        _bucket.TryReplenish();
        using var lease = _bucket.AttemptAcquire();
        return lease.IsAcquired;
    }
}
