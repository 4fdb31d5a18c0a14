using ChannelsNet.Messages.Values;

namespace ChannelsNet.Messages;

/// <summary>
/// What a message's map holds beside the message's own members: its type, and its route, which Python writes last. The keys may stand
/// anywhere; of one that comes twice the last counts.
/// </summary>
internal struct MessageHead
{
    private const string TypeKey = "type";
    private const string ChannelKey = "__asgi_channel__";
    private const string ExceptKey = "__except__";
    private const string ExceptProcessKey = "__except_process__";
    private const string TraceKey = "__traceparent__";

    private string? _type;

    public static IReadOnlyList<string> Keys { get; } = [TypeKey, ChannelKey, ExceptKey, ExceptProcessKey, TraceKey];

    public MessageRoute Route { get; private set; }

    public readonly string Type =>
        _type ?? throw new FormatException(
            $"What came is no message: it has no key \"{TypeKey}\"; expected one with the name of its type.");

    public static bool Has(string key) => Keys.Contains(key);

    public static bool Has(ReadOnlySpan<byte> key) =>
        key.SequenceEqual("type"u8)
        || key.SequenceEqual("__asgi_channel__"u8)
        || key.SequenceEqual("__except__"u8)
        || key.SequenceEqual("__except_process__"u8)
        || key.SequenceEqual("__traceparent__"u8);

    public static void WriteType(string type, IValueWriter writer)
    {
        writer.Key("type"u8);
        ObjectValues.CopyText(type, writer, isKey: false);
    }

    public static void WriteRoute(MessageRoute route, IValueWriter writer)
    {
        if (route.Channel is { } channel)
        {
            WriteRoute(ChannelKey, channel, writer);
        }
        else if (route.Channels is { } channels)
        {
            WriteRoute(ChannelKey, channels, writer);
        }

        if (route.Except is { } except)
        {
            WriteRoute(ExceptKey, except, writer);
        }

        if (route.ExceptProcess is { } process)
        {
            WriteRoute(ExceptProcessKey, process, writer);
        }

        if (route.TraceParent is { } trace)
        {
            WriteRoute(TraceKey, trace, writer);
        }
    }

    /// <summary>Takes the value of one of the keys.</summary>
    public void Take(string key, object? value)
    {
        switch (key)
        {
            case TypeKey:
                _type = value is string { Length: > 0 } type ? type : throw Wrong(key, "the name of the message's type");
                break;
            case ChannelKey when value is IReadOnlyList<object?> list && list.All(item => item is string):
                Route = Route with { Channel = null, Channels = [.. list.Cast<string>()] };
                break;
            case ChannelKey:
                Route = Route with { Channel = value as string ?? throw Wrong(key, "a string or a list of strings"), Channels = null };
                break;
            case ExceptKey:
                Route = Route with { Except = value as string ?? throw Wrong(key, "a string") };
                break;
            case TraceKey:
                Route = Route with { TraceParent = value as string ?? throw Wrong(key, "a string") };
                break;
            default:
                Route = Route with { ExceptProcess = value as string ?? throw Wrong(key, "a string") };
                break;
        }
    }

    private static void WriteRoute(string key, object value, IValueWriter writer)
    {
        ObjectValues.CopyText(key, writer, isKey: true);
        ObjectValues.Copy(value, writer);
    }

    private static FormatException Wrong(string key, string expected) =>
        new($"What came is no message: its key \"{key}\" has a value of another kind; expected {expected}.");
}
