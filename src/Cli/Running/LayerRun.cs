using System.CommandLine;
using ChannelsNet.Commands;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ChannelsNet.Running;

/// <summary>One piece of work on the layer that the command line names.</summary>
internal static class LayerRun
{
    public static async Task RunAsync(LayerOptions options, ParseResult line, ILoggerProvider? log, Func<IChannelLayer, Task> work)
    {
        var services = new ServiceCollection();
        services.AddChannelLayers(configure: layer => options.Apply(line, layer));
        if (log is not null)
        {
            services.AddSingleton(log);
        }

        var provider = services.BuildServiceProvider();
        await using var _ = provider.ConfigureAwait(false);
        try
        {
            await work(provider.GetRequiredService<IChannelLayer>()).ConfigureAwait(false);
        }
        catch (RedisServerException fault)
        {
            throw new FailedException($"Redis at {options.Servers(line)} refused: {fault.Message}", fault);
        }
        catch (Exception fault) when (fault is RedisConnectionException or ChannelLayerUnavailableException)
        {
            throw new FailedException(
                $"Redis at {options.Servers(line)} can't be reached ({Cause(fault)}). "
                + "Start it there, or write where it is: --redis redis://host:6379",
                fault);
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            throw new FailedException($"Redis at {options.Servers(line)} does not answer: {fault.Message}", fault);
        }
    }

    /// <summary>The message of the connection itself is a page about the client's inside.</summary>
    private static string Cause(Exception fault) => fault.GetBaseException() switch
    {
        RedisConnectionException connection => connection.FailureType.ToString(),
        var inner => inner.Message,
    };
}
