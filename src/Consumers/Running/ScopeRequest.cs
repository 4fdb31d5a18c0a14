using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features.Authentication;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace ChannelsNet.Running;

/// <summary>
/// What a <see cref="Scope"/> knows of its request. The server gives the context of an ended request to another one, so this keeps what the scope says, and
/// gives the context itself until the end only.
/// </summary>
internal sealed class ScopeRequest
{
    private readonly RequestConnection? _connection;
    private readonly string? _queryString;
    private HttpContext? _context;
    private IHeaderDictionary? _headers;
    private IQueryCollection? _query;

    public ScopeRequest(HttpContext context, RequestConnection? connection = null)
    {
        _context = context;
        _connection = connection;
        _queryString = context.Request.QueryString.Value;
        Method = context.Request.Method;
        User = context.Features.Get<IHttpAuthenticationFeature>()?.User;
    }

    public string Method { get; }

    /// <summary>The user; null without authentication.</summary>
    public ClaimsPrincipal? User { get; }

    /// <summary>Parsed once it is needed.</summary>
    public IQueryCollection Query => _query ??= new QueryCollection(QueryHelpers.ParseQuery(_queryString));

    /// <summary>A copy, made when it is first needed, at the latest at the end of the request.</summary>
    public IHeaderDictionary Headers
    {
        get
        {
            lock (this)
            {
                return _headers ??= Copy(_context!.Request.Headers);
            }
        }
    }

    /// <summary>Returns one header without a copy of all.</summary>
    public StringValues Header(string name)
    {
        lock (this)
        {
            return (_headers ?? _context!.Request.Headers)[name];
        }
    }

    public CancellationToken Aborted => _connection?.Aborted ?? Context.RequestAborted;

    /// <summary>The request itself.</summary>
    /// <exception cref="InvalidOperationException">It has ended.</exception>
    public HttpContext Context => Volatile.Read(ref _context) ?? throw new InvalidOperationException(
        "The request has ended, and the server may have given its HttpContext to another request. Read what you need from Scope.HttpContext before the "
        + "connection ends, and use Scope.User, Scope.Headers, Scope.Query and Scope.Items afterwards.");

    /// <summary>The request has ended.</summary>
    public void End()
    {
        lock (this)
        {
            _headers ??= Copy(_context!.Request.Headers);
            Volatile.Write(ref _context, null);
        }
    }

    private static HeaderDictionary Copy(IHeaderDictionary headers)
    {
        var copy = new HeaderDictionary(headers.Count);
        foreach (var (name, values) in headers)
        {
            copy[name] = values;
        }

        return copy;
    }
}
