using ChannelsNet.Running;
using ChannelsNet.Telemetry;
using ChannelsNet.WebSockets;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.Security;

/// <summary>Closes a WebSocket when the authentication that it was opened with expires. There is none for one whose authentication does not.</summary>
internal sealed class AuthenticationExpiry(DateTimeOffset expires, WebSocketConnection connection, WebSocketRoute route) : TimingWheel.Deadline, IDisposable
{
    /// <summary>The clock of the wheel stops while the machine sleeps, and the time of day may be set, so the time of day is checked this often.</summary>
    private static readonly TimeSpan _longestWait = TimeSpan.FromMinutes(10);

    private TimeSpan Left => expires - route.Services.Time.GetUtcNow();

    /// <summary>How a client is refused whose authentication has expired already; null if it has not.</summary>
    public static Refusal? RefusalOf(HttpContext context, WebSocketRoute route)
    {
        if (!(Find(context, route) <= route.Services.Time.GetUtcNow()))
        {
            return null;
        }

        Count(route);
        return new Refusal(StatusCodes.Status401Unauthorized, "The authentication has expired.");
    }

    /// <summary>Begins to watch a connection, until this is disposed; null if there is nothing to watch for.</summary>
    public static AuthenticationExpiry? Watch(HttpContext context, WebSocketRoute route, WebSocketConnection connection)
    {
        if (Find(context, route) is not { } expires)
        {
            return null;
        }

        var expiry = new AuthenticationExpiry(expires, connection, route);
        expiry.Wait();
        return expiry;
    }

    public void Dispose() => route.Services.Wheel.Cancel(this);

    protected internal override void OnDue()
    {
        if (Left > TimeSpan.Zero)
        {
            Wait();
            return;
        }

        Count(route);
        connection.Close(new WebSocketClose(CloseCodes.Unauthorized, "The authentication has expired."));
    }

    private static DateTimeOffset? Find(HttpContext context, WebSocketRoute route) => route.Options.CloseOnAuthenticationExpiration
        ? context.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Properties?.ExpiresUtc
        : null;

    private static void Count(WebSocketRoute route) =>
        route.RefusedClients.Add(RefusalReason.AuthenticationExpired, route.Name, "its authentication has expired");

    private void Wait()
    {
        var left = Left;
        route.Services.Wheel.Set(this, left < _longestWait ? left : _longestWait);
    }
}
