using Microsoft.AspNetCore.Http;

namespace ChannelsNet.Http;

/// <summary>Writes a <see cref="Refusal"/> as the response to a request.</summary>
internal static class Refusals
{
    /// <exception cref="InvalidOperationException">It has the status of a success.</exception>
    public static void Require(Refusal refusal)
    {
        if (refusal.Status is < 400 or > 599)
        {
            throw new InvalidOperationException($"{refusal.Status} is no status of a refusal. Expected 400 to 599, such as 403.");
        }
    }

    public static async Task WriteAsync(HttpResponse response, Refusal refusal)
    {
        response.StatusCode = refusal.Status;
        foreach (var (name, value) in refusal.Headers ?? new HeaderDictionary())
        {
            response.Headers[name] = value;
        }

        if (refusal.Body.Length > 0)
        {
            response.ContentType = refusal.ContentType;
            await response.WriteAsync(refusal.Body).ConfigureAwait(false);
        }
    }
}
