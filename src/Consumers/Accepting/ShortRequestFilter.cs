using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;

namespace ChannelsNet.Accepting;

/// <summary>
/// Lets a <see cref="ShortRequestConnection"/> end with its first request: without it, a browser would keep the connection for its next
/// request, and there would be none for a health check.
/// </summary>
internal sealed class ShortRequestFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, following) =>
        {
            if (context.Features.Get<ShortRequestConnection>() is not null)
            {
                context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
            }

            return following(context);
        });
        next(app);
    };
}
