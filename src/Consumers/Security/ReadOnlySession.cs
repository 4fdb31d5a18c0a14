using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ChannelsNet.Security;

/// <summary>The session of a WebSocket: it can be read, as it was when it was first read.</summary>
internal sealed class ReadOnlySession(ISession session) : ISession
{
    public bool IsAvailable => session.IsAvailable;

    public string Id => session.Id;

    public IEnumerable<string> Keys => session.Keys;

    /// <summary>Takes the place of the request's session, if it has one.</summary>
    public static void Install(HttpContext context)
    {
        if (context.Features.Get<ISessionFeature>()?.Session is { } session)
        {
            context.Features.Set<ISessionFeature>(new Feature(new ReadOnlySession(session)));
        }
    }

    public Task LoadAsync(CancellationToken cancellationToken = default) => session.LoadAsync(cancellationToken);

    /// <summary>Nothing has changed, but the store hears that the session is in use.</summary>
    public Task CommitAsync(CancellationToken cancellationToken = default) => session.CommitAsync(cancellationToken);

    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value) => session.TryGetValue(key, out value);

    public void Set(string key, byte[] value) => throw Fault($"write \"{key}\" into");

    public void Remove(string key) => throw Fault($"remove \"{key}\" from");

    public void Clear() => throw Fault("clear");

    private static InvalidOperationException Fault(string what) => new(
        $"A WebSocket can't {what} the session: the session's cookie can't be set after the handshake, and what is written would be saved only when the WebSocket "
        + "has ended, over all that requests have written meanwhile. Write it in an HTTP request, which the page can make beside the WebSocket, or keep it in a "
        + "store of your own.");

    private sealed class Feature(ISession session) : ISessionFeature
    {
        public ISession Session { get; set; } = session;
    }
}
