using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ChannelsNet.Messages;

/// <summary>
/// How a message looks as JSON: one flat object with "type" first, then its members in snake_case, as Django writes them.
/// Dates are ISO 8601 strings.
/// </summary>
internal static class MessageJson
{
    public const string TypeKey = "type";

    public const string ExceptKey = "__except__";

    public static JsonSerializerOptions Options(MessageTypes types)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            DictionaryKeyPolicy = null,
            TypeInfoResolver = JsonTypeInfoResolver
                .Combine([.. types.All.Select(type => type.Resolver).Distinct()])
                .WithAddedModifier(info => AddType(info, types)),
        };
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

        if (info.Properties.FirstOrDefault(property => property.Name == TypeKey) is { } taken)
        {
            throw new InvalidOperationException(
                $"{info.Type} has a member that is written as \"{taken.Name}\", which is where the message's type stands. Give it another name.");
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
