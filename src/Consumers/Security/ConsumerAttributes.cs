using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.Security;

/// <summary>The attributes of a consumer's class, inherited ones too. They are metadata of its endpoint, as those of a controller or a SignalR hub are.</summary>
internal sealed class ConsumerAttributes(Type consumer)
{
    private readonly object[] _all = consumer.GetCustomAttributes(inherit: true);

    public IReadOnlyList<object> All => _all;

    /// <summary>An attribute that restricts who may come must never do nothing, as behind an application of somebody's own that hides the consumer.</summary>
    /// <param name="endpoint">Where the consumer is served; null where there is none, as in a test.</param>
    /// <exception cref="InvalidOperationException">The endpoint does not know of it.</exception>
    public void RequireOn(Endpoint? endpoint)
    {
        foreach (var attribute in _all)
        {
            if (attribute is IAuthorizeData && endpoint is not null && !endpoint.Metadata.Contains(attribute))
            {
                throw new InvalidOperationException(
                    $"{consumer} has [{attribute.GetType().Name}], and its endpoint \"{endpoint.DisplayName}\" has not, so it would be open to everybody. Expected "
                    + $"only routers and {nameof(Middleware)} between MapChannels and the consumer; derive what stands there from {nameof(Middleware)}.");
            }
        }
    }
}
