using ChannelsNet.Runs;

namespace ChannelsNet.Servers;

/// <summary>Stands where a server stands between an application and its client, and holds both to the rules of their protocol.</summary>
internal abstract class ServerSide(Input input, Output output)
{
    /// <summary>Guards what state there is: an application may send from several threads.</summary>
    protected Lock Lock { get; } = new();

    protected Input Input { get; } = input;

    protected Output Output { get; } = output;

    /// <summary>The client does something.</summary>
    public void Receive(ClientEvent clientEvent) => Input.Add(clientEvent);

    /// <summary>The application does something to the client.</summary>
    /// <exception cref="InvalidOperationException">It can't come now, or not on this kind of connection.</exception>
    public abstract void Send(ServerEvent serverEvent);

    /// <summary>The client has gone, in whatever state the connection was.</summary>
    public abstract void Leave();

    /// <summary>The application has ended.</summary>
    public abstract void Finish(bool hasFailed);
}
