using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ChannelsNet.WebSockets;

/// <summary>Reads what a client sends as JSON of one shape, and says in words for its developer what is wrong with it.</summary>
internal static class JsonInput
{
    public static bool TryRead<TInput>(
        string text, JsonSerializerOptions options, [NotNullWhen(true)] out TInput? input, [NotNullWhen(false)] out string? fault)
    {
        (input, fault) = (default, null);
        try
        {
            input = JsonSerializer.Deserialize(text, (JsonTypeInfo<TInput>)options.GetTypeInfo(typeof(TInput)));
        }
        catch (JsonException exception)
        {
            fault = $"Expected a JSON {typeof(TInput).Name}; {Where(exception)}.";
            return false;
        }

        if (input is null)
        {
            fault = $"Expected a JSON {typeof(TInput).Name}, not null.";
            return false;
        }

        return true;
    }

    public static string NotBytes<TInput>() => $"Expected a JSON {typeof(TInput).Name} as text, not a binary message.";

    private static string Where(JsonException fault) =>
        fault.Path is { Length: > 0 and < 40 } path ? $"it is wrong at {path}" : "it is malformed";
}
