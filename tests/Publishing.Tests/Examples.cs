using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet;

/// <summary>The C# of docs/publishing.md; a test compares them.</summary>
internal static class Examples
{
    public static async Task OverHttpAsync(HttpClient http, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://localhost:8000/publish");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add("Idempotency-Key", $"\"{Guid.NewGuid()}\"");
        request.Content = JsonContent.Create(new[]
        {
            new { group = "news_tech", message = new { type = "news.item", text = "from C#" } },
            new { group = "news_world", message = new { type = "news.item", text = "from C# too" } },
        });
        using var response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
    }

    public static async Task ByTheLayerAsync(Func<string, string> here)
    {
        var services = new ServiceCollection();
        services.AddChannelLayers(configure: options =>
        {
            options.Backend = ChannelLayerBackend.Redis;
            options.Hosts.Add(here("redis://localhost:6379"));
        }).AddMessage<NewsItem>();
        await using var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<IChannelLayer>().GroupSendAsync("news_tech", new NewsItem("from C#, by the layer"));
    }
}
