using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Hybrid;

namespace ChannelsNet.Requests;

/// <summary>The answers to requests with a key, so that a repeat is answered and not sent again. A key belongs to a user and an endpoint.</summary>
internal sealed class RememberedAnswers(HybridCache cache, string endpoint, TimeSpan window)
{
    private static readonly string[] _names = [ClaimTypes.NameIdentifier, "sub", "client_id", "azp", ClaimTypes.Name];

    private readonly HybridCacheEntryOptions _options = new() { Expiration = window, LocalCacheExpiration = window };

    /// <summary>The answer to the first request with this key; who repeats it meanwhile waits for it.</summary>
    public async Task<PublishAnswer> GetAsync(ClaimsPrincipal user, string key, byte[] body, Func<Task<PublishAnswer>> publish)
    {
        var isFirst = false;
        var hash = Convert.ToHexString(SHA256.HashData(body));
        var entry = NameOf(user, key);

        // Not cancelled with the request: what has begun is finished, and its answer is there for the repeat.
        var text = await cache.GetOrCreateAsync(
            entry,
            async _ =>
            {
                isFirst = true;
                return $"{hash} {(await publish().ConfigureAwait(false)).ToText()}";
            },
            _options,
            cancellationToken: CancellationToken.None).ConfigureAwait(false);
        if (!text.StartsWith(hash, StringComparison.Ordinal))
        {
            return PublishAnswer.Problem(
                StatusCodes.Status422UnprocessableEntity,
                "This key belongs to another request.",
                [new PublishFault(null, "key_reused", $"A request with the {IdempotencyKey.Header} \"{key}\" and another body has come before. Give each new request a key of its own.")]);
        }

        var answer = PublishAnswer.Parse(text[(hash.Length + 1)..]);
        if (!answer.IsFinal && isFirst)
        {
            await cache.RemoveAsync(entry).ConfigureAwait(false);
        }

        return answer with { IsReplayed = !isFirst };
    }

    /// <summary>Of a fixed length and of safe characters, whatever users and keys are made of.</summary>
    private string NameOf(ClaimsPrincipal user, string key)
    {
        // A program that signs in as itself has no name, and claims are not always mapped to those of .NET.
        var who = _names.Select(user.FindFirst).FirstOrDefault(claim => claim is not null);
        var name = who is null ? "" : $"{who.Issuer}\n{who.Value}";
        return "channels-publish:" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{endpoint}\n{name.Length}\n{name}\n{key}")));
    }
}
