using ChannelsNet.Telemetry;

namespace ChannelsNet.Words;

/// <summary>The worker as a process of its own, without a web server: <c>ChannelsNet.Web --worker</c>.</summary>
internal static class WordsWorker
{
    public static async Task<int> RunAsync(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(args);
        builder.AddTelemetry();
        builder.Services.AddChannels(builder.Configuration).AddWords(withWorker: true);
        await builder.Build().RunAsync();
        return 0;
    }
}
