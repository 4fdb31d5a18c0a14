using System.Globalization;
using System.Text;
using ChannelsNet.Servers;

namespace ChannelsNet.Runs;

/// <summary>Says in an error what an event is.</summary>
internal static class EventText
{
    private const int Longest = 200;

    public static string Of(ClientEvent clientEvent) => clientEvent switch
    {
        WebSocketReceive { Text: { } text } => $"the text {Quote(text)}",
        WebSocketReceive received => Bytes(received.Bytes.Span),
        WebSocketDisconnect disconnect => $"the end of the WebSocket with {disconnect.Code}",
        HttpRequestBody body => $"a part of the request's body of {body.Bytes.Length} bytes",
        _ => $"a {clientEvent.GetType().Name}",
    };

    public static string Of(ServerEvent? serverEvent) => serverEvent switch
    {
        null => "nothing, since the application has ended",
        WebSocketAccept => "an acceptance",
        WebSocketSend { IsText: true } send => $"the text {Quote(Encoding.UTF8.GetString(send.Payload.Span))}",
        WebSocketSend send => Bytes(send.Payload.Span),
        WebSocketClose { Reason: "" } close => $"a close with {close.Code}",
        WebSocketClose close => $"a close with {close.Code} ({Quote(close.Reason)})",
        Refusal { Body: "" } refusal => $"a refusal with {refusal.Status}",
        Refusal refusal => $"a refusal with {refusal.Status} ({Quote(refusal.Body)})",
        HttpResponseStart start => $"a response with {start.Status}",
        HttpResponseBody body => $"a part of the response's body, {Quote(Encoding.UTF8.GetString(body.Bytes.Span))}",
        HttpBrokenOff => "the response broken off",
        _ => $"a {serverEvent.GetType().Name}",
    };

    public static string Of(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");

    public static string Quote(string text) => text.Length > Longest ? $"\"{text[..Longest]}…\"" : $"\"{text}\"";

    private static string Bytes(ReadOnlySpan<byte> bytes) =>
        $"{bytes.Length} bytes ({Convert.ToHexString(bytes[..Math.Min(bytes.Length, Longest / 2)])}{(bytes.Length > Longest / 2 ? "…" : "")})";
}
