using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ChannelsNet.Messages.Values;

namespace ChannelsNet.Messages.Typed;

/// <summary>
/// How a message looks as JSON: one flat object with "type" first, then its members in snake_case, as Django writes them.
/// Dates are ISO 8601 strings.
/// </summary>
internal static class MessageJson
{
    private const string TypeKey = "type";

    public static JsonSerializerOptions Options(MessageTypes types, IReadOnlyList<JsonConverter> converters)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            DictionaryKeyPolicy = null,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            MaxDepth = JsonValues.ReaderOptions.MaxDepth,
            TypeInfoResolver = JsonTypeInfoResolver
                .Combine([.. types.All.Select(type => type.Resolver).Distinct()])
                .WithAddedModifier(info => AddType(info, types)),
        };
        foreach (var converter in converters)
        {
            options.Converters.Add(converter);
        }

        options.MakeReadOnly();
        return options;
    }

    /// <summary>Gives a message class its member "type". It is written only: what is read has been chosen by it already.</summary>
    private static void AddType(JsonTypeInfo info, MessageTypes types)
    {
        if (types.Find(info.Type) is not { } type)
        {
            return;
        }

        if (info.Properties.FirstOrDefault(property => MessageHead.Has(property.Name)) is { } taken)
        {
            throw new InvalidOperationException(
                $"{info.Type} has a member that is written as \"{taken.Name}\", which is where the message's "
                + $"{(taken.Name == TypeKey ? "type" : "route")} stands. Give it another name.");
        }

        var property = JsonMetadataServices.CreatePropertyInfo(info.Options, new JsonPropertyInfoValues<string>
        {
            IsProperty = true,
            IsPublic = true,
            DeclaringType = info.Type,
            Converter = JsonMetadataServices.StringConverter!,
            PropertyName = TypeKey,
            JsonPropertyName = TypeKey,
            Getter = _ => type.Name,
        });
        property.Order = int.MinValue;
        info.Properties.Insert(0, property);
    }
}
