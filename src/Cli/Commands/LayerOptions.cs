using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ChannelsNet.Running;

namespace ChannelsNet.Commands;

/// <summary>The options that say which layer is meant; every command has them.</summary>
internal sealed class LayerOptions
{
    private readonly Option<string[]> _redis = new("--redis")
    {
        Description = "A Redis server: redis://[user:password@]host[:port][/database], rediss://… for TLS, or host:port. Once for each host.",
        HelpName = "URL",
        Recursive = true,
        DefaultValueFactory = _ => ["redis://localhost:6379"],
    };

    private readonly Option<string?> _backend = OneOf(
        "--backend", "What the layer is: core keeps messages in lists of Redis, pubsub publishes them.", ["core", "pubsub"], "pubsub");

    private readonly Option<string?> _prefix = new("--prefix")
    {
        Description = "What the layer's names in Redis begin with. [default: asgi]",
        HelpName = "PREFIX",
        Recursive = true,
    };

    private readonly Option<string[]> _key = new("--key")
    {
        Description = "A key that messages are encrypted with; the first encrypts, all decrypt.",
        HelpName = "KEY",
        Recursive = true,
    };

    private readonly Option<string?> _serializer = OneOf(
        "--serializer", "How messages are written. [default: the layer's own]", ["msgpack", "json"], null);

    private readonly Option<TimeSpan?> _expiry = new("--expiry")
    {
        Description = "How long a message waits to be read, in seconds or as hours:minutes:seconds. [default: 60]",
        HelpName = "TIME",
        Recursive = true,
        CustomParser = ReadTime,
    };

    public IEnumerable<Option> All => [_redis, _backend, _prefix, _serializer, _key, _expiry];

    /// <summary>The servers, without passwords, for people to read.</summary>
    public string Servers(ParseResult line) => string.Join(", ", line.GetValue(_redis)!.Select(RedisUrl.WithoutSecrets));

    /// <summary>What the layer says of its options, in the words of the command line.</summary>
    public static string Explain(string fault) => fault
        .Replace("ChannelLayers:default:Hosts", "--redis", StringComparison.Ordinal)
        .Replace("ChannelLayers:default:EncryptionKeys", "--key", StringComparison.Ordinal)
        .Replace("ChannelLayers:default:Prefix", "--prefix", StringComparison.Ordinal)
        .Replace("ChannelLayers:default:Serializer", "--serializer", StringComparison.Ordinal)
        .Replace("ChannelLayers:default:", "", StringComparison.Ordinal);

    /// <summary>The one place where the command line becomes the options of a layer.</summary>
    public void Apply(ParseResult line, ChannelLayerOptions options)
    {
        options.Backend = Backend(line.GetValue(_backend)!);

        // The tool ends before a lost server comes back.
        options.WhenDisconnected = WhenDisconnected.Refuse;
        foreach (var server in line.GetValue(_redis)!)
        {
            options.Hosts.Add(server);
        }

        options.Prefix = line.GetValue(_prefix) ?? options.Prefix;
        options.Expiry = line.GetValue(_expiry) ?? options.Expiry;

        options.Serializer = line.GetValue(_serializer) ?? options.Serializer;
        foreach (var key in line.GetValue(_key) ?? [])
        {
            options.EncryptionKeys.Add(key);
        }
    }

    /// <summary>The back-ends by the names that Django's users know.</summary>
    private static ChannelLayerBackend Backend(string name) =>
        name == "core" ? ChannelLayerBackend.Redis : ChannelLayerBackend.RedisPubSub;

    private static TimeSpan? ReadTime(ArgumentResult argument)
    {
        var text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
        var read = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.MaxValue.TotalSeconds / 2))
            : TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var span) ? span : TimeSpan.Zero;
        if (read > TimeSpan.Zero)
        {
            return read;
        }

        argument.AddError(
            $"--expiry is \"{text}\"; expected a time above zero in seconds, such as 60, or as hours:minutes:seconds, such as 00:01:00.");
        return null;
    }

    private static Option<string?> OneOf(string name, string description, string[] values, string? otherwise)
    {
        var option = new Option<string?>(name)
        {
            Description = description,
            HelpName = string.Join('|', values),
            Recursive = true,
        };
        if (otherwise is not null)
        {
            option.DefaultValueFactory = _ => otherwise;
        }

        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !values.Contains(token.Value))
            {
                result.AddError($"{name} is \"{token.Value}\"; expected {string.Join(" or ", values)}.");
            }
        });
        return option;
    }
}
