using ChannelsNet.Runs;

namespace ChannelsNet.Servers;

/// <summary>Has no rules: passes all on as it is.</summary>
/// <param name="type">The type of the scope, which says what the last event is.</param>
/// <param name="input">What the client does.</param>
/// <param name="output">What the application sends.</param>
internal sealed class AnyServer(string type, Input input, Output output) : ServerSide(input, output)
{
    public override void Send(ServerEvent serverEvent) => Output.Add(serverEvent);

    public override void Leave()
    {
        switch (type)
        {
            case Scope.WebSocket:
                Input.Add(new WebSocketDisconnect(1006));
                break;
            case Scope.Http:
                Input.Add(new HttpDisconnect());
                break;
        }
    }

    public override void Finish(bool hasFailed)
    {
    }
}
