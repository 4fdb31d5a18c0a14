using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using ChannelsNet.Messages;

namespace ChannelsNet.Requests;

/// <summary>
/// Reads the body of a request: <c>{"group": "news", "message": {"type": "news.item", …}}</c>, or <c>"channel"</c> instead of <c>"group"</c>, or an array of
/// those. All faults of a body are told at once.
/// </summary>
internal sealed class PublicationReader(PublishOptions options, MessageTypes types)
{
    public const string Invalid = "invalid";
    public const string Denied = "denied";

    private const string Expected = "expected {\"group\": \"…\", \"message\": {\"type\": \"…\", …}}, \"channel\" instead of \"group\", or an array of those";

    private static readonly JsonDocumentOptions _json = new() { AllowDuplicateProperties = false };

    private readonly JsonMessageSerializer _messages = new(types);
    private readonly Regex[] _groups = [.. options.Groups.Select(Glob.Create)];
    private readonly Regex[] _channels = [.. options.Channels.Select(Glob.Create)];

    /// <returns>The messages, if there are no faults.</returns>
    public List<Publication> Read(ReadOnlyMemory<byte> body, List<PublishFault> faults)
    {
        var publications = new List<Publication>();
        try
        {
            using var document = JsonDocument.Parse(body, _json);
            var entries = document.RootElement is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray().ToArray() : [document.RootElement];
            if (entries.Length < 1 || entries.Length > options.MaxMessages)
            {
                faults.Add(new(null, Invalid, $"The request has {entries.Length} messages; expected 1 to {options.MaxMessages}."));
                return publications;
            }

            for (var index = 0; index < entries.Length; index++)
            {
                if (Read(entries[index], index, faults) is { } publication)
                {
                    publications.Add(publication);
                }
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // The second is what System.Text.Json says of escapes in names that are no characters.
            faults.Add(new(null, Invalid, $"The body is no JSON: {fault.Message} It is {Expected}."));
        }

        return publications;
    }

    private Publication? Read(JsonElement entry, int index, List<PublishFault> faults)
    {
        var before = faults.Count;
        if (entry.ValueKind != JsonValueKind.Object)
        {
            Refuse($"This is JSON of the kind {entry.ValueKind}; {Expected}.");
            return null;
        }

        foreach (var member in entry.EnumerateObject().Where(
            member => !member.NameEquals("group") && !member.NameEquals("channel") && !member.NameEquals("message")))
        {
            Refuse($"{member} is no member that is known here; {Expected}.");
        }

        var (destination, isGroup) = ReadDestination(entry, index, faults);
        Message? message = null;
        if (!entry.TryGetProperty("message", out var value))
        {
            Refuse($"There is no \"message\"; {Expected}.");
        }
        else
        {
            try
            {
                message = _messages.Deserialize(JsonMarshal.GetRawUtf8Value(value).ToArray(), out _);
            }
            catch (FormatException fault)
            {
                Refuse(fault.Message);
            }
        }

        return faults.Count == before ? new Publication(destination, isGroup, message!) : null;

        void Refuse(string detail) => faults.Add(new(index, Invalid, detail));
    }

    private (string Destination, bool IsGroup) ReadDestination(JsonElement entry, int index, List<PublishFault> faults)
    {
        var isGroup = entry.TryGetProperty("group", out var group);
        if (isGroup == entry.TryGetProperty("channel", out var channel))
        {
            faults.Add(new(index, Invalid, $"There {(isGroup ? "are both" : "is neither")} \"group\" {(isGroup ? "and" : "nor")} \"channel\"; expected one of them."));
            return default;
        }

        if (NameIn(isGroup ? group : channel) is not { } name)
        {
            faults.Add(new(index, Invalid, $"\"{(isGroup ? "group" : "channel")}\" is {(isGroup ? group : channel).GetRawText()}; expected a string."));
            return default;
        }

        if ((isGroup ? ChannelNames.GroupFault(name) : ChannelNames.ChannelFault(name)) is { } fault)
        {
            faults.Add(new(index, Invalid, fault));
        }
        else if (!Array.Exists(isGroup ? _groups : _channels, pattern => pattern.IsMatch(name)))
        {
            faults.Add(new(index, Denied, $"\"{name}\" is no {(isGroup ? "group" : "channel")} that may be published to here."));
        }

        return (name, isGroup);
    }

    /// <summary>The string; null if it is none, or has escapes that are no characters.</summary>
    private static string? NameIn(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
