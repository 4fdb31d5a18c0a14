using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace ChannelsNet;

/// <summary>The scope of a request that no server has made, from its URL, as a server would fill it.</summary>
internal static class RequestScope
{
    private static readonly Uri _localhost = new("http://localhost");

    /// <param name="type">The type of the scope.</param>
    /// <param name="url">A path with its query, or a whole URL; what a client keeps to itself (user, fragment) is passed over.</param>
    /// <param name="services">The services of the host.</param>
    /// <param name="user">Who the client is; null for nobody.</param>
    /// <param name="headers">Its headers; they are copied.</param>
    /// <exception cref="ArgumentException">It is no such URL.</exception>
    public static Scope Create(string type, string url, IServiceProvider services, ClaimsPrincipal? user, IHeaderDictionary? headers)
    {
        var uri = Parse(url);
        var all = new HeaderDictionary { [HeaderNames.Host] = uri.Authority };
        foreach (var (name, value) in headers ?? new HeaderDictionary())
        {
            all[name] = value;
        }

        return new Scope
        {
            Type = type,
            Services = services,
            Path = PathString.FromUriComponent(uri.AbsolutePath),
            Query = new QueryCollection(QueryHelpers.ParseQuery(uri.Query)),
            Headers = all,
            User = user!,
        };
    }

    private static Uri Parse(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        return url.StartsWith('/') && Uri.TryCreate($"{_localhost.Scheme}://{_localhost.Authority}{url}", UriKind.Absolute, out var path) ? path
            : Uri.TryCreate(url, UriKind.Absolute, out var whole) && whole.Scheme is "ws" or "wss" or "http" or "https" ? whole
            : throw new ArgumentException(
                $"\"{url}\" is no URL of a request. Expected a path such as \"/chat/tea/?token=1\", or a whole URL such as \"wss://example.com/chat/tea/\".",
                nameof(url));
    }
}
