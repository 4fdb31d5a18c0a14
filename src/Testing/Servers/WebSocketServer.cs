using ChannelsNet.Runs;
using ChannelsNet.WebSockets;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.Servers;

/// <summary>The rules of a WebSocket, as <see cref="WebSocketConnection"/> has them, for a client that answers a close at once.</summary>
/// <param name="input">What the client does.</param>
/// <param name="output">What the application sends.</param>
/// <param name="subprotocols">What the client offers.</param>
internal sealed class WebSocketServer(Input input, Output output, IReadOnlyList<string> subprotocols) : ServerSide(input, output)
{
    private State _state;

    private enum State
    {
        Undecided,
        Open,
        Ended,
    }

    public override void Send(ServerEvent serverEvent)
    {
        lock (Lock)
        {
            switch (serverEvent)
            {
                case WebSocketSend send:
                    Send(send);
                    break;
                case WebSocketAccept accept:
                    Accept(accept);
                    break;
                case WebSocketClose close:
                    WebSocketCodes.Require(close.Code);
                    Close(close);
                    break;
                case Refusal refusal:
                    Refuse(refusal);
                    break;
                case WebSocketFlush:
                    break;
                default:
                    throw new InvalidOperationException($"A WebSocket can't do a {serverEvent.GetType().Name}.");
            }
        }
    }

    /// <summary>The client closes.</summary>
    public void CloseReceived(int code, string reason) => End(new WebSocketDisconnect(code, reason));

    public override void Leave() => End(new WebSocketDisconnect(CloseCodes.Broken));

    public override void Finish(bool hasFailed)
    {
        lock (Lock)
        {
            if (!hasFailed)
            {
                Close(new WebSocketClose());
            }
            else if (_state == State.Undecided)
            {
                Refuse(new Refusal(StatusCodes.Status500InternalServerError));
            }
            else
            {
                Close(new WebSocketClose(CloseCodes.ServerError, "The server has failed."));
            }
        }
    }

    private void Send(WebSocketSend send)
    {
        if (_state == State.Undecided)
        {
            throw new InvalidOperationException("The WebSocket is not accepted yet, so nothing can be sent. Call AcceptAsync first.");
        }

        if (_state == State.Open)
        {
            Output.Add(send);
        }
    }

    private void Accept(WebSocketAccept accept)
    {
        if (_state == State.Open)
        {
            throw new InvalidOperationException("The WebSocket has been accepted already.");
        }

        if (_state == State.Undecided)
        {
            WebSocketHandshake.Require(accept, subprotocols);
            _state = State.Open;
            Output.Add(accept);
        }
    }

    private void Close(WebSocketClose close)
    {
        if (_state != State.Ended)
        {
            Output.Add(close);
            End(new WebSocketDisconnect(_state == State.Open ? close.Code : CloseCodes.Broken));
        }
    }

    private void Refuse(Refusal refusal)
    {
        if (refusal.Status is < 400 or > 599)
        {
            throw new InvalidOperationException($"{refusal.Status} is no status of a refusal. Expected 400 to 599, such as 403.");
        }

        if (_state == State.Open)
        {
            Close(new WebSocketClose(CloseCodes.PolicyViolation, refusal.Body));
        }
        else if (_state == State.Undecided)
        {
            Output.Add(refusal);
            End(new WebSocketDisconnect(CloseCodes.Broken));
        }
    }

    private void End(WebSocketDisconnect last)
    {
        lock (Lock)
        {
            if (_state != State.Ended)
            {
                _state = State.Ended;
                Input.Add(last);
            }
        }
    }
}
