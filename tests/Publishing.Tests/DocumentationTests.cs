using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;
using ChannelsNet.Support;

namespace ChannelsNet;

/// <summary>Runs what docs/publishing.md shows, against a host over Redis.</summary>
public sealed partial class DocumentationTests : IDisposable
{
    private static readonly string _page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "publishing.md"));

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));

    public void Dispose() => _patience.Dispose();

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Curl_publishes() => Assert.Equal(["from curl"], await HeardAsync(1, host => RunAsync("bash", ["-c", Block("curl")], host, "curl")));

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Python_publishes_over_HTTP() =>
        Assert.Equal(["from Python"], await HeardAsync(1, host => RunAsync("/usr/bin/python3", ["-c", Block("urllib")], host, "python3")));

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Python_publishes_by_the_layer() =>
        Assert.Equal(["from channels_redis"], await HeardAsync(1, host => RunAsync("/usr/bin/python3", ["-c", Block("channels_redis")], host, "python3-channels-redis")));

    [Fact]
    public async Task CSharp_publishes_over_HTTP() => Assert.Equal(["from C#", "from C# too"], await HeardAsync(2, async host =>
    {
        using var http = new HttpClient(new Redirected(host.Address));
        await Examples.OverHttpAsync(http, "publisher");
    }));

    [Fact]
    public async Task CSharp_publishes_by_the_layer() => Assert.Equal(["from C#, by the layer"], await HeardAsync(1, host => Examples.ByTheLayerAsync(host.Here)));

    [Fact]
    public async Task The_CSharp_of_the_page_is_what_is_tested()
    {
        var tested = Plain((await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Examples.cs"))).Replace("here(\"redis://localhost:6379\")", "\"redis://localhost:6379\"", StringComparison.Ordinal));
        Assert.Contains(Plain(Block("HttpRequestMessage")), tested, StringComparison.Ordinal);
        Assert.Contains(Plain(Block("ServiceCollection")), tested, StringComparison.Ordinal);

        static string Plain(string code) => string.Join('\n', code.Split('\n').Select(line => line.Trim()));
    }

    /// <summary>The block of code that holds a word.</summary>
    private static string Block(string word) => Blocks().Matches(_page).Select(match => match.Groups[1].Value.Trim()).First(block => block.Contains(word, StringComparison.Ordinal));

    /// <summary>What the groups of the page hear.</summary>
    private async Task<string[]> HeardAsync(int count, Func<Host, Task> publish)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var host = await PublishHost.StartAsync(
            options => options.Groups = ["news_*"],
            options =>
            {
                options.Backend = ChannelLayerBackend.Redis;
                options.Hosts.Add(redis.Address);
            });
        await using var member = await host.JoinAsync("news_tech");
        await host.Layer.GroupAddAsync("news_world", member.Name);
        await publish(new Host(host.Address, redis.Address));
        var heard = new List<string>();
        while (heard.Count < count)
        {
            heard.Add(((NewsItem)await member.ReadAsync(_patience.Token)).Text);
        }

        return [.. heard];
    }

    private async Task RunAsync(string program, string[] arguments, Host host, string package)
    {
        var start = new ProcessStartInfo(program, arguments.Select(host.Here)) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TOKEN"] = "publisher";
        try
        {
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync(_patience.Token);
            await process.StandardOutput.ReadToEndAsync(_patience.Token);
            await process.WaitForExitAsync(_patience.Token);
            if (process.ExitCode == 127 || (await errors).Contains("No module named", StringComparison.Ordinal))
            {
                throw new Win32Exception(await errors);
            }

            Assert.True(process.ExitCode == 0, await errors);
        }
        catch (Win32Exception fault) when (Environment.GetEnvironmentVariable("CHANNELSNET_REQUIRE_PYTHON") != "1")
        {
            throw new ProgramMissingException(program, package, fault);
        }
    }

    [GeneratedRegex("```[a-z]+\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    /// <summary>Where what the page writes as localhost is in a test.</summary>
    private sealed record Host(Uri Address, string Redis)
    {
        public string Here(string text) => text
            .Replace("http://localhost:8000/publish", Address.ToString(), StringComparison.Ordinal)
            .Replace("redis://localhost:6379", $"redis://{Redis}", StringComparison.Ordinal);
    }

    private sealed class Redirected(Uri address) : DelegatingHandler(new HttpClientHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri = address;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
