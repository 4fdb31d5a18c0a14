using System.Diagnostics.Metrics;
using ChannelsNet.Draining;
using ChannelsNet.WebSockets;

namespace ChannelsNet.Telemetry;

/// <summary>
/// The metrics of WebSockets, each with the tag "route"; whom the server has stopped is counted by <see cref="RefusedClients"/>, what slow clients miss by
/// <see cref="SlowClients"/>. Never a tag for a group, a user or an address: there may be millions.
/// </summary>
internal sealed class WebSocketMeter
{
    private static readonly KeyValuePair<string, object?> _receive = new("direction", "receive");
    private static readonly KeyValuePair<string, object?> _transmit = new("direction", "transmit");
    private static readonly KeyValuePair<string, object?> _byClient = new("closed_by", "client");
    private static readonly KeyValuePair<string, object?> _byServer = new("closed_by", "server");

    private readonly OpenConnections _connections;
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _messages;
    private readonly Counter<long> _bytes;
    private readonly Histogram<double> _duration;

    public WebSocketMeter(IMeterFactory meters, OpenConnections connections)
    {
        _connections = connections;
        var meter = meters.Create(ConsumerMeter.Name);
        _accepted = meter.CreateCounter<long>("channels.websocket.accepted", "{connection}", "WebSockets that were accepted.");
        _messages = meter.CreateCounter<long>("channels.websocket.messages", "{message}", "Messages that clients have sent, and that were written to them.");
        _bytes = meter.CreateCounter<long>(
            "channels.websocket.io", "By", "Payload of the messages that clients have sent, and whole frames that were written to them, compressed if they are so.");
        _duration = meter.CreateHistogram(
            "channels.websocket.duration",
            "s",
            "How long an accepted WebSocket was open, with the code that it was closed with.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1, 10, 60, 600, 3600, 6 * 3600, 24 * 3600] });
        meter.CreateObservableUpDownCounter(
            "channels.websocket.connections", () => SumByRoute(_ => 1), "{connection}", "WebSockets that are open now.");
        meter.CreateObservableUpDownCounter(
            "channels.websocket.queued", () => SumByRoute(connection => connection.Queued.Messages), "{message}", "Messages that wait to be written to clients.");
        meter.CreateObservableUpDownCounter(
            "channels.websocket.queued.io", () => SumByRoute(connection => connection.Queued.Bytes), "By", "Bytes that wait to be written to clients.");
    }

    public void Accepted(WebSocketRoute route) => _accepted.Add(1, route.Tag);

    /// <summary>A message has come.</summary>
    /// <param name="route">The route.</param>
    /// <param name="bytes">Its payload, as it came.</param>
    public void Received(WebSocketRoute route, int bytes)
    {
        _messages.Add(1, route.Tag, _receive);
        _bytes.Add(bytes, route.Tag, _receive);
    }

    /// <summary>Something is written.</summary>
    /// <param name="route">The route.</param>
    /// <param name="messages">How many messages are in it.</param>
    /// <param name="bytes">How long it is, with the heads of frames.</param>
    public void Sent(WebSocketRoute route, int messages, int bytes)
    {
        _messages.Add(messages, route.Tag, _transmit);
        _bytes.Add(bytes, route.Tag, _transmit);
    }

    /// <summary>An accepted WebSocket has ended.</summary>
    /// <param name="route">The route.</param>
    /// <param name="lasted">How long it was open.</param>
    /// <param name="code">The close code. One of a client's own invention is not told apart from others.</param>
    /// <param name="byServer">Whether the server was the first to close.</param>
    public void Ended(WebSocketRoute route, TimeSpan lasted, int code, bool byServer)
    {
        if (_duration.Enabled)
        {
            object told = byServer || code < 3000 ? code : "other";
            _duration.Record(lasted.TotalSeconds, route.Tag, new("code", told), byServer ? _byServer : _byClient);
        }
    }

    private IEnumerable<Measurement<long>> SumByRoute(Func<WebSocketConnection, long> number) => _connections.All
        .OfType<WebSocketConnection>()
        .Where(connection => connection.IsAccepted)
        .GroupBy(connection => connection.Route.Name, (route, its) => new Measurement<long>(its.Sum(number), new KeyValuePair<string, object?>("route", route)));
}
