using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ChannelsNet.Hosting;

/// <summary>
/// Reads a layer's options from its entry in the configuration, and checks them when the host starts: every unknown key, every
/// value of the wrong form and every value out of range, all at once.
/// </summary>
internal sealed class ChannelLayerConfiguration(string layer, IConfigurationSection? section)
    : IConfigureNamedOptions<ChannelLayerOptions>, IValidateOptions<ChannelLayerOptions>
{
    private static readonly Dictionary<string, Action<IConfigurationSection, ChannelLayerOptions>> _keys =
        new(StringComparer.OrdinalIgnoreCase)
        {
            [nameof(ChannelLayerOptions.Backend)] = (entry, options) => options.Backend = Choice<ChannelLayerBackend>(entry),
            [nameof(ChannelLayerOptions.Hosts)] = (entry, options) => ReadList(entry, options.Hosts),
            [nameof(ChannelLayerOptions.Prefix)] = (entry, options) => options.Prefix = entry.Value ?? "",
            [nameof(ChannelLayerOptions.Serializer)] = (entry, options) => options.Serializer = entry.Value ?? "",
            [nameof(ChannelLayerOptions.EncryptionKeys)] = (entry, options) => ReadList(entry, options.EncryptionKeys),
            [nameof(ChannelLayerOptions.MaxMessageSize)] = (entry, options) => options.MaxMessageSize = Number(entry),
            [nameof(ChannelLayerOptions.Sharded)] = (entry, options) => options.Sharded = Flag(entry),
            [nameof(ChannelLayerOptions.WhenDisconnected)] = (entry, options) => options.WhenDisconnected = Choice<WhenDisconnected>(entry),
            [nameof(ChannelLayerOptions.RetryBuffer)] = (entry, options) => options.RetryBuffer = Number(entry),
            [nameof(ChannelLayerOptions.Capacity)] = (entry, options) => options.Capacity = Number(entry),
            [nameof(ChannelLayerOptions.ChannelCapacity)] = (entry, options) =>
            {
                foreach (var pattern in entry.GetChildren())
                {
                    options.ChannelCapacity[pattern.Key] = Number(pattern);
                }
            },
            [nameof(ChannelLayerOptions.Expiry)] = (entry, options) => options.Expiry = Span(entry),
            [nameof(ChannelLayerOptions.GroupExpiry)] = (entry, options) => options.GroupExpiry = Span(entry),
        };

    /// <summary>The name of the layer.</summary>
    public string Layer => layer;

    public void Configure(ChannelLayerOptions options) => Configure(Options.DefaultName, options);

    public void Configure(string? name, ChannelLayerOptions options)
    {
        if (name == layer)
        {
            _ = Read(options).Count();
        }
    }

    public ValidateOptionsResult Validate(string? name, ChannelLayerOptions options)
    {
        if (name != layer)
        {
            return ValidateOptionsResult.Skip;
        }

        var faults = Read(new ChannelLayerOptions()).Concat(options.Faults().Select(fault => $"ChannelLayers:{layer}:{fault}")).ToArray();
        return faults.Length > 0 ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
    }

    /// <summary>Sets what can be set; a sentence for each key that can't.</summary>
    private IEnumerable<string> Read(ChannelLayerOptions options)
    {
        foreach (var entry in section?.GetChildren() ?? [])
        {
            if (!_keys.TryGetValue(entry.Key, out var set))
            {
                yield return $"{entry.Path} is no option of a channel layer; expected one of {string.Join(", ", _keys.Keys)}.";
            }
            else if (Fault(() => set(entry, options)) is { } fault)
            {
                yield return fault;
            }
        }
    }

    private static string? Fault(Action set)
    {
        try
        {
            set();
            return null;
        }
        catch (FormatException fault)
        {
            return fault.Message;
        }
    }

    private static void ReadList(IConfigurationSection entry, IList<string> list)
    {
        list.Clear();
        if (entry.Value is { Length: > 0 })
        {
            throw Wrong(entry, $"a list, such as {entry.Path}:0");
        }

        foreach (var item in entry.GetChildren())
        {
            list.Add(item.Value ?? "");
        }
    }

    private static TChoice Choice<TChoice>(IConfigurationSection entry)
        where TChoice : struct, Enum =>
        Enum.TryParse<TChoice>(entry.Value, ignoreCase: true, out var choice) && Enum.IsDefined(choice)
            ? choice
            : throw Wrong(entry, $"one of {string.Join(", ", Enum.GetNames<TChoice>())}");

    private static bool Flag(IConfigurationSection entry) =>
        bool.TryParse(entry.Value, out var flag) ? flag : throw Wrong(entry, "true or false");

    private static int Number(IConfigurationSection entry) =>
        int.TryParse(entry.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Wrong(entry, "a whole number");

    private static TimeSpan Span(IConfigurationSection entry) =>
        TimeSpan.TryParse(entry.Value, CultureInfo.InvariantCulture, out var span) && entry.Value!.Contains(':', StringComparison.Ordinal)
            ? span
            : throw Wrong(entry, "a time span as [days.]hours:minutes:seconds, such as 00:01:00");

    private static FormatException Wrong(IConfigurationSection entry, string expected) =>
        new($"{entry.Path} is \"{entry.Value}\"; expected {expected}.");
}
