using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using ChannelsNet.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Hybrid;

namespace ChannelsNet.Requests;

/// <summary>The answers to requests with a key, so that a repeat is answered and not sent again. A key belongs to a user and an endpoint.</summary>
internal sealed class RememberedAnswers(HybridCache cache, string endpoint, TimeSpan window)
{
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
        // A program that signs in as itself may have no id, and a user of a simple scheme only a name.
        var who = UserId.Of(user, "client_id", "azp", ClaimTypes.Name).GetValueOrDefault();
        var parts = new[] { endpoint, who.Kind, who.Issuer, who.Value, key };
        return "channels-publish:" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(parts.Select(part => $"{part?.Length ?? 0}\n{part}\n")))));
    }
}
