using System.Diagnostics.CodeAnalysis;
using ChannelsNet.Hosting;
using ChannelsNet.Multiplexing;
using ChannelsNet.Routing;
using ChannelsNet.Running;
using ChannelsNet.WebSockets;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChannelsNet;

/// <summary>
/// Serves several logical streams on one WebSocket, each by an application of its own: <c>{"stream":"chat","payload":…}</c> in both directions. To its
/// application a stream is a connection of its own, with a consumer, a service scope, a channel and groups.
/// </summary>
/// <remarks>
/// <para>The WebSocket is accepted at once, and all streams begin with it. When the consumer of one accepts, the client gets
/// <c>{"stream":"chat","open":true}</c>; when it refuses, closes or fails, that stream alone ends, and the client gets
/// <c>{"stream":"chat","close":{"code":1011,"reason":"…"}}</c>. When the WebSocket ends, all streams end with its code; when the last stream has ended,
/// the WebSocket is closed with 1000.</para>
/// <para>Payloads are JSON. A message that is no envelope closes the WebSocket with 1003; one for a stream that does not exist is answered with a close
/// of that stream, 1003. At most 16 messages of the client wait for a stream; while there are more, nothing is read from the client.</para>
/// </remarks>
/// <example>
/// <code>
/// ["all/"] = new Multiplexer
/// {
///     ["clock"] = Consumer.For&lt;ClockConsumer&gt;(),
///     ["chat"] = Consumer.For&lt;ChatConsumer&gt;(),
/// },
/// </code>
/// </example>
public sealed class Multiplexer : IApplication, ICheckedAtStart, IDescribed
{
    private readonly OrderedDictionary<string, IApplication> _streams = new(StringComparer.Ordinal);
    private readonly List<Envelope> _envelopes = [];

    /// <summary>The subprotocol that the WebSocket is accepted with if the client offers it. Default: none.</summary>
    public string? Subprotocol { get; init; }

    /// <summary>Adds a stream.</summary>
    /// <exception cref="ArgumentException">The name is empty, or has been added before.</exception>
    [SuppressMessage("Design", "CA1044:Properties should not be write only", Justification = "It is there for the initializer.")]
    public IApplication this[string stream]
    {
        set
        {
            ArgumentException.ThrowIfNullOrEmpty(stream);
            ArgumentNullException.ThrowIfNull(value);
            if (!_streams.TryAdd(stream, value))
            {
                throw new ArgumentException($"The stream \"{stream}\" is there already. Write each once.", nameof(stream));
            }

            _envelopes.Add(new Envelope(stream));
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The connection is no WebSocket.</exception>
    public async Task RunAsync(Scope scope, IConnection connection)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(connection);
        if (await connection.ReceiveAsync().ConfigureAwait(false) is { } first and not WebSocketConnect)
        {
            throw new InvalidOperationException($"A {nameof(Multiplexer)} serves WebSockets and got a {first.GetType().Name}. "
                + $"Route it under {nameof(ProtocolTypeRouter)}.{nameof(ProtocolTypeRouter.WebSocket)}.");
        }

        await connection.SendAsync(new WebSocketAccept(scope.Subprotocols.FirstOrDefault(offered => offered == Subprotocol))).ConfigureAwait(false);
        var wheel = scope.Services.GetRequiredService<ConsumerServices>().Wheel;
        var options = scope.HttpContext?.GetEndpoint()?.Metadata.GetMetadata<WebSocketRoute>()?.Options
            ?? scope.Services.GetRequiredService<IOptions<WebSocketConnectionOptions>>().Value;
        var logger = scope.Services.GetRequiredService<ILogger<Multiplexer>>();
        var streams = _envelopes.Select(envelope => new StreamConnection(envelope, connection, wheel, options.AcceptTimeout, logger));
        await new MultiplexedSocket(connection, [.. streams], logger).RunAsync(scope, _streams).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{nameof(Multiplexer)} ({string.Join(", ", _streams.Keys)})";

    /// <summary>There is one endpoint for all streams, so what one of them demands of its clients, such as [Authorize], is demanded for all.</summary>
    /// <remarks>What one of them allows, [AllowAnonymous], is not allowed for all.</remarks>
    IReadOnlyList<object> IDescribed.Metadata =>
        [.. _streams.Values.SelectMany(ApplicationRoute.All).SelectMany(route => route.Metadata).Where(metadata => metadata is not IAllowAnonymous)];

    string? ICheckedAtStart.Protocol => Scope.WebSocket;

    IEnumerable<string> ICheckedAtStart.Faults(IServiceProvider services) => _streams.Count == 0
        ? [$"A {nameof(Multiplexer)} has no streams. Add one: [\"chat\"] = Consumer.For<ChatConsumer>()."]
        : _streams.SelectMany(stream => ApplicationRoute.All(stream.Value).SelectMany(route => Faults(stream.Key, route, services)));

    private static IEnumerable<string> Faults(string stream, ApplicationRoute route, IServiceProvider services)
    {
        if (route.Configure is not null || route.Conventions is not null || route.Pattern.RawText is { Length: > 0 })
        {
            yield return $"The stream \"{stream}\" of a {nameof(Multiplexer)} has a path, options or conventions. Those belong to the WebSocket: "
                + $"put the {nameof(UrlRouter)}, WithWebSocketOptions and WithConventions around the {nameof(Multiplexer)}.";
        }

        foreach (var fault in (route.Application as ICheckedAtStart)?.Faults(services) ?? [])
        {
            yield return fault;
        }
    }
}
