using StackExchange.Redis;

namespace ChannelsNet.Redis;

/// <summary>How a Redis server is written in the configuration.</summary>
internal static class RedisAddress
{
    public const string Default = "localhost:6379";

    /// <summary>What is wrong with it, in a sentence; null if nothing is.</summary>
    public static string? Fault(string address)
    {
        try
        {
            Parse(address);
            return null;
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException)
        {
            return $"{nameof(ChannelLayerOptions.Hosts)} has \"{address}\", which is no Redis address ({fault.Message.TrimEnd('.')}); "
                + "expected redis://[user:password@]host[:port][/database], rediss://… for TLS, or host:port.";
        }
    }

    public static ConfigurationOptions Parse(string address)
    {
        if (!address.Contains("://", StringComparison.Ordinal))
        {
            return ConfigurationOptions.Parse(address);
        }

        var uri = new Uri(address, UriKind.Absolute);
        if (uri.Scheme is not ("redis" or "rediss"))
        {
            throw new FormatException($"its scheme is \"{uri.Scheme}\"");
        }

        var options = new ConfigurationOptions { Ssl = uri.Scheme == "rediss" };

        // As one text, so that an IP address is taken as one and not looked up.
        options.EndPoints.Add($"{uri.Host}:{(uri.Port > 0 ? uri.Port : 6379)}");
        if (uri.UserInfo.Split(':', 2) is [var user, var password])
        {
            options.User = user.Length > 0 ? Uri.UnescapeDataString(user) : null;
            options.Password = Uri.UnescapeDataString(password);
        }

        var database = uri.AbsolutePath.Trim('/');
        if (database.Length > 0)
        {
            options.DefaultDatabase = int.TryParse(database, out var number)
                ? number
                : throw new FormatException($"its database is \"{database}\", not a number");
        }

        return options;
    }
}
