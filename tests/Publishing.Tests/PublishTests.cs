using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace ChannelsNet;

public sealed class PublishTests : IDisposable
{
    private const string Hello = """{"group": "news", "message": {"type": "news.item", "text": "hello"}}""";

    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(10));

    public void Dispose() => _patience.Dispose();

    [Fact]
    public async Task A_message_for_a_group_reaches_its_members_as_the_type_that_the_program_knows()
    {
        await using var host = await PublishHost.StartAsync();
        await using var member = await host.JoinAsync("news");
        var (status, body, _) = await host.PostAsync(Hello);
        Assert.Equal((HttpStatusCode.OK, """{"sent":1}"""), (status, body));
        Assert.Equal(new NewsItem("hello"), await member.ReadAsync(_patience.Token));
    }

    [Fact]
    public async Task A_message_of_another_type_arrives_untyped_and_brings_nothing_that_is_the_layers()
    {
        await using var host = await PublishHost.StartAsync();
        await using var channel = await host.Layer.NewChannelAsync();
        var body = $$$"""{"channel": "{{{channel.Name}}}", "message": {"type": "other", "list": [1, "x"], "__except__": "all", "__asgi_channel__": "other"}}""";
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync(body)).Status);
        var message = Assert.IsType<UntypedMessage>(await channel.ReadAsync(_patience.Token));
        Assert.Equal("other", message.Type);
        Assert.Equal(["list"], message.Values.Keys);
    }

    [Fact]
    public async Task A_batch_is_sent_in_its_order()
    {
        await using var host = await PublishHost.StartAsync();
        await using var member = await host.JoinAsync("news");
        var batch = Enumerable.Range(0, 100).Select(i => $$$"""{"group": "news", "message": {"type": "news.item", "text": "{{{i}}}"}}""");
        Assert.Equal("""{"sent":100}""", (await host.PostAsync($"[{string.Join(',', batch)}]")).Body);
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(new NewsItem($"{i}"), await member.ReadAsync(_patience.Token));
        }
    }

    [Fact]
    public async Task All_faults_are_told_at_once_and_nothing_is_sent()
    {
        await using var host = await PublishHost.StartAsync(options => options.Channels = ["jobs*"]);
        await using var member = await host.JoinAsync("news");
        var (status, body, _) = await host.PostAsync($$$"""
            [
                {{{Hello}}},
                7,
                {"message": {"type": "news.item", "text": "x"}},
                {"group": "news", "channel": "jobs", "message": {"type": "news.item", "text": "x"}},
                {"group": "not a name", "message": {"type": "news.item", "text": "x"}},
                {"group": 1.5e9, "message": {"type": "news.item", "text": "x"}},
                {"channel": "other", "message": {"type": "news.item", "text": "x"}},
                {"group": "news"},
                {"group": "news", "message": "hello"},
                {"group": "news", "message": {"text": "no type"}},
                {"group": "news", "message": {"type": "news.item", "text": []}},
                {"group": "news", "message": {"type": "news.item", "text": "x"}, "extra": 1}
            ]
            """);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        var errors = JsonDocument.Parse(body).RootElement.GetProperty("errors").EnumerateArray().ToArray();
        Assert.Equal(Enumerable.Range(1, 11), errors.Select(error => error.GetProperty("index").GetInt32()));
        Assert.Equal("denied", errors[5].GetProperty("error").GetString());
        Assert.All(errors, error => Assert.False(string.IsNullOrWhiteSpace(error.GetProperty("detail").GetString())));
        Assert.False(member.TryRead(out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"group\": \"news\", \"group\": \"other\", \"message\": {\"type\": \"x\"}}")]
    [InlineData("{\"group\": \"\\uD800\", \"message\": {\"type\": \"x\"}}")]
    [InlineData("{\"group\": \"news\", \"message\": {\"type\": \"\\uD800\"}}")]
    [InlineData("{\"group\": \"news\", \"message\": {\"type\": \"x\"}, \"\\uD800\": 1}")]
    [InlineData("{\"group\": \"news\", \"message\": {\"type\": \"x\", \"\\uD800\": 1}}")]
    [InlineData("{\"group\": \"news\", \"message\": {\"type\": \"x\", \"n\": NaN}}")]
    public async Task What_is_no_request_is_a_400(string body)
    {
        await using var host = await PublishHost.StartAsync();
        var (status, answer, _) = await host.PostAsync(body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(0, JsonDocument.Parse(answer).RootElement.GetProperty("sent").GetInt32());
    }

    [Fact]
    public async Task Depth_without_an_end_is_a_400()
    {
        await using var host = await PublishHost.StartAsync();
        var body = $$$"""{"group": "news", "message": {"type": "x", "deep": {{{new string('[', 10_000)}}}{{{new string(']', 10_000)}}}}}""";
        Assert.Equal(HttpStatusCode.BadRequest, (await host.PostAsync(body)).Status);
    }

    [Fact]
    public async Task Limits_are_kept()
    {
        await using var host = await PublishHost.StartAsync(options => (options.MaxMessages, options.MaxBodySize) = (2, 1000));
        Assert.Equal(HttpStatusCode.BadRequest, (await host.PostAsync($"[{Hello},{Hello},{Hello}]")).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync($"[{Hello},{Hello}]".PadRight(1000))).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await host.PostAsync($"[{Hello},{Hello}]".PadRight(1001))).Status);
    }

    [Theory]
    [InlineData(null, HttpStatusCode.Unauthorized)]
    [InlineData("reader", HttpStatusCode.Forbidden)]
    [InlineData("publisher", HttpStatusCode.OK)]
    public async Task The_policy_says_who_may(string? user, HttpStatusCode status)
    {
        await using var host = await PublishHost.StartAsync();
        Assert.Equal(status, (await host.PostAsync(Hello, user: user)).Status);
    }

    [Theory]
    [InlineData("group", "news_tech", HttpStatusCode.OK)]
    [InlineData("group", "staff", HttpStatusCode.Forbidden)]
    [InlineData("channel", "jobs", HttpStatusCode.OK)]
    [InlineData("channel", "specific.abc!def", HttpStatusCode.Forbidden)]
    public async Task The_options_say_where_to(string kind, string name, HttpStatusCode status)
    {
        await using var host = await PublishHost.StartAsync(options => (options.Groups, options.Channels) = (["news_*"], ["jobs"]));
        Assert.Equal(status, (await host.PostAsync($$$"""{"{{{kind}}}": "{{{name}}}", "message": {"type": "news.item", "text": "x"}}""")).Status);
    }

    [Fact]
    public async Task A_form_of_another_site_publishes_nothing()
    {
        await using var host = await PublishHost.StartAsync();
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await host.PostAsync(Hello, contentType: "text/plain")).Status);
    }

    [Fact]
    public async Task What_the_layer_does_not_take_is_told_with_what_it_took()
    {
        await using var host = await PublishHost.StartAsync(layer: options => options.Capacity = 1);
        using var counted = new MetricCollector<long>(host.App.Services.GetRequiredService<IMeterFactory>(), "ChannelsNet.Publishing", "channels.publish.messages");
        const string Job = """{"channel": "jobs", "message": {"type": "news.item", "text": "x"}}""";
        var (status, body, headers) = await host.PostAsync($"[{Job},{Job},{Hello}]");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Equal(TimeSpan.FromSeconds(1), headers.RetryAfter!.Delta);
        var root = JsonDocument.Parse(body).RootElement;
        Assert.Equal(2, root.GetProperty("sent").GetInt32());
        var error = Assert.Single(root.GetProperty("errors").EnumerateArray());
        Assert.Equal((1, "full"), (error.GetProperty("index").GetInt32(), error.GetProperty("error").GetString()));
        Assert.Equal(["sent", "full", "sent"], counted.GetMeasurementSnapshot().Select(one => (string?)one.Tags["outcome"]));
    }

    [Fact]
    public async Task Without_Redis_nothing_is_sent_and_the_key_may_be_used_again()
    {
        await using var host = await PublishHost.StartAsync(layer: options =>
        {
            options.Backend = ChannelLayerBackend.Redis;
            options.Hosts.Add("127.0.0.1:1,connectTimeout=100");
        });
        for (var i = 0; i < 2; i++)
        {
            var (status, body, headers) = await host.PostAsync(Hello, key: "again");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
            Assert.Contains("\"unavailable\"", body, StringComparison.Ordinal);
            Assert.False(headers.Contains("Idempotent-Replayed"));
        }
    }
}
