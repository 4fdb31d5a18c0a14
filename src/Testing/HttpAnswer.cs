using System.Text;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet;

/// <summary>A whole response to an HTTP request.</summary>
public sealed class HttpAnswer
{
    private readonly Scope _scope;

    internal HttpAnswer(HttpResponseStart start, ReadOnlyMemory<byte> body, Scope scope)
    {
        Status = start.Status;
        Headers = start.Headers ?? new HeaderDictionary();
        Body = body;
        _scope = scope;
    }

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    /// <summary>The headers that the application has given to it. A server adds more.</summary>
    public IHeaderDictionary Headers { get; }

    /// <summary>All parts of the body.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>The body as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Body.Span);

    /// <summary>The body as JSON, read by the host's JSON options.</summary>
    /// <exception cref="UnexpectedEventException">It is no JSON, of another shape, or null.</exception>
    public TValue ReadJson<TValue>() => HostJson.Read<TValue>(Body.Span, _scope);
}
