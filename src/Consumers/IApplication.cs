namespace ChannelsNet;

/// <summary>
/// Serves connections. Consumers, routers and middleware are all applications, so that each can stand where another stands.
/// </summary>
public interface IApplication
{
    /// <summary>Serves one connection; ends when it is done with it.</summary>
    /// <param name="scope">What is known of the connection, the same from its beginning to its end.</param>
    /// <param name="connection">What comes from the client and goes to it.</param>
    Task RunAsync(Scope scope, IConnection connection);
}

/// <summary>The two directions of one connection.</summary>
public interface IConnection
{
    /// <summary>The next thing that the client does. The first and the last tell of the connection's beginning and end.</summary>
    /// <remarks>One call at a time. After the last event there is none: a further call is a fault.</remarks>
    ValueTask<ClientEvent> ReceiveAsync();

    /// <summary>Does something to the client. After the end of the connection it does nothing.</summary>
    /// <exception cref="InvalidOperationException">The event can't come now, or not on this kind of connection.</exception>
    ValueTask SendAsync(ServerEvent serverEvent);
}

/// <summary>Something that came from the client.</summary>
public abstract record ClientEvent;

/// <summary>Something that goes to the client.</summary>
public abstract record ServerEvent;

/// <summary>
/// There is nothing at this path: the client gets 404. A WebSocket that has been accepted already is closed with 1000 instead.
/// </summary>
public sealed record NotFound : ServerEvent;
