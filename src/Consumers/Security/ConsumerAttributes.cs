using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.Security;

/// <summary>The attributes of a consumer's class, inherited ones too. They are metadata of its endpoint, as those of a controller or a SignalR hub are.</summary>
internal sealed class ConsumerAttributes
{
    private readonly Type _consumer;
    private readonly IAuthorizeData? _restriction;

    public ConsumerAttributes(Type consumer)
    {
        _consumer = consumer;
        All = consumer.GetCustomAttributes(inherit: true);
        _restriction = All.OfType<IAuthorizeData>().FirstOrDefault();
    }

    public IReadOnlyList<object> All { get; }

    /// <summary>An attribute that restricts who may come must never do nothing, as behind an application of somebody's own that hides the consumer.</summary>
    /// <param name="endpoint">Where the consumer is served; null where there is none, as in a test.</param>
    /// <exception cref="InvalidOperationException">The endpoint does not know of it.</exception>
    public void RequireOn(Endpoint? endpoint)
    {
        if (_restriction is not null && endpoint is not null && !endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(data => ReferenceEquals(data, _restriction)))
        {
            throw new InvalidOperationException(
                $"{_consumer} has [{_restriction.GetType().Name}], and its endpoint \"{endpoint.DisplayName}\" has not, so it would be open to everybody. Expected "
                + $"only routers and {nameof(Middleware)} between MapChannels and the consumer; derive what stands there from {nameof(Middleware)}.");
        }
    }
}
