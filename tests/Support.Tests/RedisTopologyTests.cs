using ChannelsNet.Support;
using StackExchange.Redis;

namespace ChannelsNet;

/// <summary>What the tests of the layers stand on does itself what it says.</summary>
public sealed class RedisTopologyTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_server_is_stopped_and_killed_and_comes_back_on_its_port()
    {
        await using var server = await RedisServer.StartProcessAsync();
        var address = server.Address;
        await AssertAnswersAsync(To(address));
        foreach (var end in (Func<Task>[])[server.StopAsync, server.KillAsync])
        {
            await end();
            await Assert.ThrowsAsync<RedisConnectionException>(() => AssertAnswersAsync(To(address)));
            await server.StartAgainAsync();
            Assert.Equal(address, server.Address);
            await AssertAnswersAsync(To(address));
        }
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_server_keeps_what_it_holds_over_a_crash_if_its_arguments_say_so()
    {
        await using var server = await RedisServer.StartProcessAsync(arguments: ["--appendonly", "yes", "--appendfsync", "always"]);
        await using (var client = await ConnectionMultiplexer.ConnectAsync(To(server.Address)))
        {
            await client.GetDatabase().StringSetAsync("key", "value");
        }

        await server.KillAsync();
        await server.StartAgainAsync();
        await using var again = await ConnectionMultiplexer.ConnectAsync(To(server.Address));
        Assert.Equal("value", await again.GetDatabase().StringGetAsync("key"));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_server_takes_a_fixed_port_and_no_other()
    {
        var port = Ports.Free();
        await using var server = await RedisServer.StartProcessAsync(port);
        Assert.Equal($"127.0.0.1:{port}", server.Address);
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => RedisServer.StartProcessAsync(port));
        Assert.Contains("Address already in use", fault.Message, StringComparison.Ordinal);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_server_asks_for_its_password_or_its_user()
    {
        await using var server = await RedisServer.StartProcessAsync(
            password: "open", arguments: ["--user", "alice", "on", ">secret", "~*", "&*", "+@all"]);
        await Assert.ThrowsAsync<RedisConnectionException>(() => AssertAnswersAsync(To(server.Address)));
        await AssertAnswersAsync(To($"{server.Address},password=open"));
        await AssertAnswersAsync(To($"{server.Address},user=alice,password=secret"));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_server_with_a_certificate_speaks_TLS_only()
    {
        using var certificate = TestCertificate.Create();
        using var other = TestCertificate.Create();
        await using var server = await RedisServer.StartProcessAsync(certificate: certificate);
        await Assert.ThrowsAsync<RedisConnectionException>(() => AssertAnswersAsync(To(server.Address)));
        var secure = To($"{server.Address},ssl=true,sslHost=localhost");
        secure.CertificateValidation += other.Validate;
        await Assert.ThrowsAsync<RedisConnectionException>(() => AssertAnswersAsync(secure));
        secure = To($"{server.Address},ssl=true,sslHost=localhost");
        secure.CertificateValidation += server.Certificate!.Validate;
        await AssertAnswersAsync(secure);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_cluster_takes_keys_of_all_its_nodes()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var client = await ConnectionMultiplexer.ConnectAsync(To(string.Join(',', cluster.Addresses)));
        for (var i = 0; i < 30; i++)
        {
            await client.GetDatabase().StringSetAsync($"key-{i}", i);
            Assert.Equal(i, await client.GetDatabase().StringGetAsync($"key-{i}"));
        }

        foreach (var node in cluster.Nodes)
        {
            Assert.True(await client.GetServer(node.Address).DatabaseSizeAsync() > 0);
        }
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_cluster_is_whole_again_when_a_replica_has_taken_over()
    {
        await using var cluster = await RedisCluster.StartAsync(replicas: 1);
        await using var client = await ConnectionMultiplexer.ConnectAsync(To(string.Join(',', cluster.Addresses)));
        await cluster.Nodes[0].KillAsync();
        await UntilAsync(async () =>
        {
            // The first slot was the killed node's.
            await client.GetDatabase().StringSetAsync("{06S}", "value");
        });
        await cluster.WhenWholeAsync();
        await cluster.Nodes[0].StartAgainAsync();
        await cluster.WhenWholeAsync();
    }

    [SkippableTheory(typeof(ProgramMissingException))]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_replica_becomes_the_primary_when_the_primary_is_killed(int sentinels)
    {
        await using var sentinel = await RedisSentinel.StartAsync(sentinels);
        var options = To($"{string.Join(',', sentinel.Addresses)},serviceName={sentinel.ServiceName}");
        await using var client = await ConnectionMultiplexer.ConnectAsync(options);
        await client.GetDatabase().StringSetAsync("key", 1);
        Assert.Same(sentinel.First, await sentinel.KillPrimaryAsync());
        await sentinel.WhenPrimaryAsync(sentinel.Second);
        await UntilAsync(() => client.GetDatabase().StringSetAsync("key", 2));
        await sentinel.StartAgainAsReplicaAsync(sentinel.First);
        Assert.Same(sentinel.Second, await sentinel.PrimaryAsync());
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_proxy_cuts_pauses_delays_and_refuses()
    {
        await using var server = await RedisServer.StartProcessAsync();
        await using var proxy = TcpProxy.Start(server.Address);
        await using var client = await ConnectionMultiplexer.ConnectAsync(To(proxy.Address));
        var connections = proxy.Connections;
        Assert.True(connections > 0);

        proxy.Delay = TimeSpan.FromMilliseconds(50);
        Assert.True(await client.GetDatabase().PingAsync() > TimeSpan.FromMilliseconds(100));
        proxy.Delay = TimeSpan.Zero;

        proxy.Pause();
        var ping = client.GetDatabase().PingAsync();
        Assert.NotSame(ping, await Task.WhenAny(ping, Task.Delay(TimeSpan.FromMilliseconds(200))));
        proxy.Resume();
        await ping;

        proxy.Refuse();
        Assert.Equal(connections, proxy.Connections);
        await Assert.ThrowsAsync<RedisConnectionException>(() => AssertAnswersAsync(To(proxy.Address)));
        await client.GetDatabase().PingAsync();
        proxy.CutAll();
        await UntilAsync(() => Task.FromResult(proxy.Connections == 0 ? true : throw new TimeoutException("There are connections still.")));
        proxy.Accept();
        await UntilAsync(() => client.GetDatabase().PingAsync());
    }

    [Fact]
    public async Task What_is_no_process_of_the_tests_says_how_to_start_one()
    {
        await using var server = await RedisServer.StartAsync();
        if (server.Kind != "redis-server")
        {
            var fault = await Assert.ThrowsAsync<InvalidOperationException>(server.StopAsync);
            Assert.Contains("StartProcessAsync", fault.Message, StringComparison.Ordinal);
        }
    }

    private static ConfigurationOptions To(string configuration)
    {
        var options = ConfigurationOptions.Parse(configuration);
        options.ConnectTimeout = 2000;
        options.ConnectRetry = 1;
        options.AllowAdmin = true;
        return options;
    }

    private static async Task AssertAnswersAsync(ConfigurationOptions options)
    {
        await using var client = await ConnectionMultiplexer.ConnectAsync(options);
        await client.GetDatabase().PingAsync();
    }

    /// <summary>Tries until it works.</summary>
    private static async Task UntilAsync(Func<Task> work)
    {
        using var patience = new CancellationTokenSource(_patience);
        while (true)
        {
            try
            {
                await work();
                return;
            }
            catch (Exception fault) when (fault is RedisException or TimeoutException && !patience.IsCancellationRequested)
            {
                await Task.Delay(20);
            }
        }
    }
}
