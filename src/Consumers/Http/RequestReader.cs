using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ChannelsNet.Http;

/// <summary>Reads the body of a request part by part, without a copy, up to the limit.</summary>
internal sealed class RequestReader(HttpContext context, HttpRoute route)
{
    private SequencePosition? _given;
    private long _length;

    /// <summary>Whether the last part has been read.</summary>
    public bool IsDone { get; private set; }

    /// <summary>The next part; what was read before is no longer valid.</summary>
    /// <exception cref="BadHttpRequestException">The body is malformed, too large or comes too slowly; it has the status of the answer.</exception>
    public async ValueTask<HttpRequestBody> ReadAsync()
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
        {
            IsDone = true;
            return new HttpRequestBody(default);
        }

        Require(context.Request.ContentLength ?? 0);
        Release();
        var result = await context.Request.BodyReader.ReadAsync().ConfigureAwait(false);
        var part = result.Buffer.First;
        _given = result.Buffer.GetPosition(part.Length);
        Require(_length += part.Length);
        IsDone = result.IsCompleted && result.Buffer.Length == part.Length;
        return new HttpRequestBody(part, IsDone);
    }

    /// <summary>Ends a read that is under way.</summary>
    public void Cancel() => context.Request.BodyReader.CancelPendingRead();

    /// <summary>Nobody uses what was read last any more.</summary>
    public void Release()
    {
        if (_given is { } given)
        {
            context.Request.BodyReader.AdvanceTo(given);
            _given = null;
        }
    }

    private void Require(long length)
    {
        var limit = route.Options.MaxRequestBodySize;
        if (length > limit)
        {
            HttpLog.TooLarge(route.Logger, context.Request.Path, limit);
            throw new BadHttpRequestException(
                $"The body has more than {nameof(HttpConnectionOptions)}.{nameof(HttpConnectionOptions.MaxRequestBodySize)} = {limit} bytes.",
                StatusCodes.Status413PayloadTooLarge);
        }
    }
}
