using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ChannelsNet.Runs;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ChannelsNet;

/// <summary>JSON by the options of the host, which consumers use too.</summary>
internal static class HostJson
{
    public static JsonSerializerOptions Of(Scope scope) => scope.Services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;

    /// <summary>What is expected, for an error.</summary>
    public static string Expected<TValue>() => $"a JSON {typeof(TValue).Name}";

    /// <exception cref="UnexpectedEventException">It is no such JSON.</exception>
    public static TValue Read<TValue>(ReadOnlySpan<byte> utf8, Scope scope)
    {
        TValue? value;
        try
        {
            value = JsonSerializer.Deserialize(utf8, (JsonTypeInfo<TValue>)Of(scope).GetTypeInfo(typeof(TValue)));
        }
        catch (JsonException fault)
        {
            throw new UnexpectedEventException(Expected<TValue>(), EventText.Quote(Encoding.UTF8.GetString(utf8)), fault);
        }

        return value ?? throw new UnexpectedEventException(Expected<TValue>(), "null");
    }
}
