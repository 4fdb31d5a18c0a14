using System.Text;
using ChannelsNet.Runs;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChannelsNet.Servers;

/// <summary>The response has ended before it was complete.</summary>
internal sealed record HttpBrokenOff : ServerEvent;

/// <summary>The rules of a response: it begins once, then come the parts of its body, and the last of them ends the connection.</summary>
internal sealed class HttpServer(Input input, Output output) : ServerSide(input, output)
{
    private State _state;

    private enum State
    {
        Unanswered,
        Begun,
        Ended,
    }

    public override void Send(ServerEvent serverEvent)
    {
        lock (Lock)
        {
            if (serverEvent is not (HttpResponseStart or HttpResponseBody or Refusal))
            {
                throw new InvalidOperationException($"An HTTP connection can't do a {serverEvent.GetType().Name}.");
            }

            switch (serverEvent)
            {
                case HttpResponseStart when _state == State.Begun:
                    throw new InvalidOperationException("The response has begun already. Send its status and headers once.");
                case HttpResponseBody when _state == State.Unanswered:
                    throw new InvalidOperationException($"The response has not begun. Send a {nameof(HttpResponseStart)} before its body.");
                case var _ when _state == State.Ended:
                    break;
                case HttpResponseStart start:
                    _state = State.Begun;
                    Output.Add(start);
                    break;
                case HttpResponseBody body:
                    Add(body);
                    break;
                case Refusal refusal:
                    Refuse(refusal);
                    break;
            }
        }
    }

    public override void Leave() => End();

    public override void Finish(bool hasFailed)
    {
        lock (Lock)
        {
            if (_state == State.Begun && !hasFailed)
            {
                Add(new HttpResponseBody(default));
            }
            else
            {
                Refuse(new Refusal(StatusCodes.Status500InternalServerError));
            }
        }
    }

    /// <summary>The bytes are copied: the application may use them again.</summary>
    private void Add(HttpResponseBody body)
    {
        Output.Add(body with { Bytes = body.Bytes.ToArray() });
        if (body.IsLast)
        {
            End();
        }
    }

    private void Refuse(Refusal refusal)
    {
        if (refusal.Status is < 400 or > 599)
        {
            throw new InvalidOperationException($"{refusal.Status} is no status of a refusal. Expected 400 to 599, such as 403.");
        }

        if (_state == State.Ended)
        {
            return;
        }

        if (_state == State.Begun)
        {
            Output.Add(new HttpBrokenOff());
        }
        else
        {
            var headers = new HeaderDictionary();
            foreach (var (name, value) in refusal.Headers ?? new HeaderDictionary())
            {
                headers[name] = value;
            }

            if (refusal.Body.Length > 0)
            {
                headers[HeaderNames.ContentType] = refusal.ContentType;
            }

            Output.Add(new HttpResponseStart(refusal.Status, headers));
            Output.Add(new HttpResponseBody(Encoding.UTF8.GetBytes(refusal.Body)));
        }

        End();
    }

    private void End()
    {
        lock (Lock)
        {
            if (_state != State.Ended)
            {
                _state = State.Ended;
                Input.Add(new HttpDisconnect());
            }
        }
    }
}
