using System.Net;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ChannelsNet;

public sealed class IdempotencyTests
{
    private const string Hello = """{"group": "news", "message": {"type": "news.item", "text": "hello"}}""";
    private const string Other = """{"group": "news", "message": {"type": "news.item", "text": "other"}}""";

    [Fact]
    public async Task A_repeat_gets_the_first_answer_and_sends_nothing()
    {
        await using var host = await PublishHost.StartAsync();
        await using var member = await host.JoinAsync("news");
        var first = await host.PostAsync(Hello, key: "\"one\"");
        var second = await host.PostAsync(Hello, key: "one");
        Assert.Equal((HttpStatusCode.OK, """{"sent":1}"""), (first.Status, first.Body));
        Assert.Equal((first.Status, first.Body), (second.Status, second.Body));
        Assert.False(first.Headers.Contains("Idempotent-Replayed"));
        Assert.Equal(["true"], second.Headers.GetValues("Idempotent-Replayed"));
        Assert.Equal(1, Count(member));
    }

    [Fact]
    public async Task Another_key_another_user_or_no_key_sends_again()
    {
        await using var host = await PublishHost.StartAsync();
        await using var member = await host.JoinAsync("news");
        await host.PostAsync(Hello, key: "one");
        await host.PostAsync(Hello, key: "two");
        await host.PostAsync(Hello, key: "one", user: "publisher2");
        await host.PostAsync(Hello);
        await host.PostAsync(Hello);
        Assert.Equal(5, Count(member));
    }

    /// <summary>So come the tokens of programs, with claims that are not mapped.</summary>
    [Fact]
    public async Task Users_are_told_apart_by_their_subject_too()
    {
        await using var host = await PublishHost.StartAsync();
        await using var member = await host.JoinAsync("news");
        await host.PostAsync(Hello, key: "one", user: "publisher;sub=1");
        await host.PostAsync(Hello, key: "one", user: "publisher;sub=2");
        await host.PostAsync(Hello, key: "one", user: "publisher;sub=2");
        Assert.Equal(2, Count(member));
    }

    [Theory]
    [InlineData("publisher;sub=1@one", "publisher;sub=1@other", 2)]
    [InlineData("publisher;sub=1@one", "publisher;client_id=1@one", 2)]
    [InlineData("publisher;client_id=1@one", "publisher;azp=1@one", 2)]
    [InlineData("publisher;sub=1@one", "publisher;http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier=1@one", 1)]
    [InlineData("publisher;sub=", "publisher;sub=", 1)]
    [InlineData("publisher;sub=", "publisher2;sub=", 2)]
    public async Task Users_are_told_apart_by_the_claim_its_issuer_and_its_value(string one, string other, int sent)
    {
        await using var host = await PublishHost.StartAsync();
        await using var member = await host.JoinAsync("news");
        await host.PostAsync(Hello, key: "one", user: one);
        await host.PostAsync(Hello, key: "one", user: other);
        Assert.Equal(sent, Count(member));
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_refused()
    {
        await using var host = await PublishHost.StartAsync();
        await using var member = await host.JoinAsync("news");
        await host.PostAsync(Hello, key: "one");
        var (status, body, _) = await host.PostAsync(Other, key: "one");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Contains("key_reused", body, StringComparison.Ordinal);
        Assert.Equal(1, Count(member));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"\"")]
    [InlineData("a\"b")]
    [InlineData("very long")]
    public async Task A_key_that_is_none_is_refused(string key)
    {
        await using var host = await PublishHost.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await host.PostAsync(Hello, key: key == "very long" ? new string('k', 256) : key)).Status);
    }

    [Fact]
    public async Task Many_at_once_are_sent_once()
    {
        await using var host = await PublishHost.StartAsync();
        await using var member = await host.JoinAsync("news");
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => host.PostAsync(Hello, key: "one")));
        Assert.All(answers, answer => Assert.Equal((HttpStatusCode.OK, """{"sent":1}"""), (answer.Status, answer.Body)));
        Assert.Equal(1, Count(member));
    }

    [Fact]
    public async Task A_repeat_at_another_node_that_shares_a_cache_sends_nothing()
    {
        var cache = new SharedCache();
        await using var one = await PublishHost.StartAsync(services: services => services.AddSingleton<IDistributedCache>(cache));
        await using var other = await PublishHost.StartAsync(services: services => services.AddSingleton<IDistributedCache>(cache));
        await using var member = await other.JoinAsync("news");
        Assert.Equal("""{"sent":1}""", (await one.PostAsync(Hello, key: "one")).Body);
        var (_, body, headers) = await other.PostAsync(Hello, key: "one");
        Assert.Equal("""{"sent":1}""", body);
        Assert.True(headers.Contains("Idempotent-Replayed"));
        Assert.Equal(0, Count(member));
    }

    /// <summary>One that HybridCache does not take for the process's own memory, which it would pass over.</summary>
    private sealed class SharedCache : IDistributedCache
    {
        private readonly MemoryDistributedCache _cache = new(Options.Create(new MemoryDistributedCacheOptions()));

        public byte[]? Get(string key) => _cache.Get(key);

        public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => _cache.GetAsync(key, token);

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => _cache.Set(key, value, options);

        public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) => _cache.SetAsync(key, value, options, token);

        public void Refresh(string key) => _cache.Refresh(key);

        public Task RefreshAsync(string key, CancellationToken token = default) => _cache.RefreshAsync(key, token);

        public void Remove(string key) => _cache.Remove(key);

        public Task RemoveAsync(string key, CancellationToken token = default) => _cache.RemoveAsync(key, token);
    }

    private static int Count(IChannel member)
    {
        var count = 0;
        for (; member.TryRead(out _); count++)
        {
        }

        return count;
    }
}
