using System.Diagnostics.CodeAnalysis;
using ChannelsNet.Routing;

namespace ChannelsNet;

/// <summary>Finds the application for a worker's channel by its name, which is <see cref="Scope.Channel"/>. Case counts.</summary>
/// <example>
/// <code>
/// new ChannelNameRouter
/// {
///     ["thumbnails"] = Consumer.For&lt;ThumbnailConsumer&gt;(),
/// }
/// </code>
/// </example>
public sealed class ChannelNameRouter : IApplication, IChannelRouter
{
    private readonly Dictionary<string, IApplication> _applications = new(StringComparer.Ordinal);

    /// <summary>Adds a channel.</summary>
    /// <exception cref="ArgumentException">The channel has been added before.</exception>
    [SuppressMessage("Design", "CA1044:Properties should not be write only", Justification = "It is there for the initializer.")]
    public IApplication this[string channel]
    {
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (!_applications.TryAdd(channel, value))
            {
                throw new ArgumentException($"The channel \"{channel}\" is there already. Write each once.", nameof(channel));
            }
        }
    }

    IReadOnlyCollection<string> IChannelRouter.Channels => _applications.Keys;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The scope's channel is none of these.</exception>
    public Task RunAsync(Scope scope, IConnection connection)
    {
        ArgumentNullException.ThrowIfNull(scope);
        return _applications.TryGetValue(scope.Channel ?? "", out var application)
            ? application.RunAsync(scope, connection)
            : throw new InvalidOperationException(
                $"There is no application for the channel \"{scope.Channel}\". Expected one of "
                + $"{string.Join(", ", _applications.Keys.Order(StringComparer.Ordinal).Select(name => $"\"{name}\""))}.");
    }

    IApplication? IChannelRouter.Find(string channel) => ChannelRoute.End(_applications.GetValueOrDefault(channel), channel);
}
