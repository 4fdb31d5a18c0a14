using System.Net;

namespace ChannelsNet.Health;

/// <summary>
/// Asks the server that runs in the same container whether it lives, for images that have no curl: <c>ChannelsNet.Web --healthcheck</c>
/// ends with 0 if it does and with 1 if not.
/// </summary>
internal static class HealthProbe
{
    public static async Task<int> RunAsync()
    {
        var port = Environment.GetEnvironmentVariable("ASPNETCORE_HTTP_PORTS")?.Split(';')[0] ?? "8000";
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        try
        {
            using var answer = await client.GetAsync(new Uri($"http://localhost:{port}/health/live"));
            return answer.StatusCode == HttpStatusCode.OK ? 0 : 1;
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            await Console.Error.WriteLineAsync($"Not healthy: {fault.Message}");
            return 1;
        }
    }
}
