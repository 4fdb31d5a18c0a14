using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ChannelsNet.Http;

/// <summary>Writes the response to one request in the order that HTTP demands: a start, parts, the last part. One call at a time.</summary>
internal sealed class ResponseWriter(HttpContext context)
{
    private HttpResponseStart? _start;
    private bool _isApplied;

    /// <summary>Whether the application has begun to answer.</summary>
    public bool HasBegun => _start is not null || IsComplete;

    /// <summary>Whether nothing can follow.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Whether a stream of events is open to the client.</summary>
    public bool IsEventStream => _isApplied && !IsComplete && _start!.IsEventStream;

    private bool IsHead => HttpMethods.IsHead(context.Request.Method);

    /// <exception cref="InvalidOperationException">The response has begun, or the status is none.</exception>
    public void Start(HttpResponseStart start)
    {
        if (HasBegun)
        {
            throw new InvalidOperationException(
                $"A response with the status {start.Status} is to begin, but one has begun already"
                + (_start is null ? "" : $", with the status {_start.Status}") + ". Answer each request once.");
        }

        if (start.Status is < 200 or > 599)
        {
            throw new InvalidOperationException($"{start.Status} is no status of a response. Expected 200 to 599, such as 200.");
        }

        _start = start;
    }

    /// <exception cref="InvalidOperationException">The response has not begun, or is complete, or can have no body.</exception>
    public async ValueTask WriteAsync(HttpResponseBody body, CancellationToken cancellationToken)
    {
        var start = _start ?? throw new InvalidOperationException(
            $"A body is to be sent, but the response has not begun. Send a {nameof(HttpResponseStart)} with the status and the headers first.");
        if (IsComplete && IsHead)
        {
            // Who asked for the head has got it, and the application need not know.
            return;
        }

        if (IsComplete)
        {
            throw new InvalidOperationException("A body is to be sent, but the response is complete already.");
        }

        if (body.Bytes.Length > 0 && start.Status is StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified)
        {
            throw new InvalidOperationException($"A response with the status {start.Status} has no body, but one of {body.Bytes.Length} bytes is to be sent.");
        }

        Apply(start, body);
        IsComplete = body.IsLast || IsHead;
        if (body.Bytes.Length > 0 && !IsHead)
        {
            context.Response.BodyWriter.Write(body.Bytes.Span);
        }

        if (IsComplete)
        {
            await context.Response.CompleteAsync().ConfigureAwait(false);
        }
        else
        {
            await context.Response.BodyWriter.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Answers by a refusal instead of what was begun, of which nothing has gone out.</summary>
    /// <exception cref="InvalidOperationException">It has the status of a success.</exception>
    public async ValueTask RefuseAsync(Refusal refusal)
    {
        Refusals.Require(refusal);
        if (_isApplied)
        {
            foreach (var name in _start!.Headers?.Keys ?? [])
            {
                context.Response.Headers.Remove(name);
            }

            context.Response.ContentLength = null;
        }

        IsComplete = true;
        await Refusals.WriteAsync(context.Response, refusal).ConfigureAwait(false);
        if (refusal.Body.Length > 0)
        {
            // One without a body is left open, for middleware that has a page for it (UseStatusCodePages).
            await context.Response.CompleteAsync().ConfigureAwait(false);
        }
    }

    private void Apply(HttpResponseStart start, HttpResponseBody first)
    {
        if (_isApplied)
        {
            return;
        }

        _isApplied = true;
        var response = context.Response;
        response.StatusCode = start.Status;
        foreach (var (name, value) in start.Headers ?? new HeaderDictionary())
        {
            response.Headers[name] = value;
        }

        if (first.IsLast && start.Status is not (StatusCodes.Status204NoContent or StatusCodes.Status304NotModified))
        {
            response.ContentLength ??= first.Bytes.Length;
        }

        if (start.IsEventStream)
        {
            // Middleware that compresses would wait for more.
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        }
    }
}
