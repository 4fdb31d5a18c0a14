using ChannelsNet.Support;

namespace ChannelsNet;

/// <summary>The tool as a program, against a Redis.</summary>
public sealed class EndToEndTests(EndToEndTests.Redis redis) : IClassFixture<EndToEndTests.Redis>
{
    private readonly string[] _layer = ["--redis", redis.Server.Address, "--prefix", $"cli-{Guid.NewGuid():N}"];

    /// <summary>Channels of the layer over publish and subscribe have no prefix.</summary>
    private readonly string _jobs = $"jobs-{Guid.NewGuid():N}";

    [Fact]
    public async Task What_is_sent_to_a_channel_is_printed_by_who_listens_to_it()
    {
        await using var listener = await CliProcess.ListenAsync(["--channel", _jobs, "--count", "2", .. _layer]);
        Assert.Equal(new(0, "", ""), await CliProcess.RunAsync(["send", _jobs, """{"id":7,"type":"job.start"}""", .. _layer]));
        Assert.Equal("""{"type":"job.start","id":7}""", await listener.ReadLineAsync());
        await CliProcess.RunAsync([.. _layer, "send", _jobs, """{"type":"job.end"}"""]);
        Assert.Equal(new(0, """{"type":"job.end"}""" + "\n", ""), await listener.EndAsync());
    }

    [Fact]
    public async Task What_is_sent_to_a_group_is_printed_by_all_who_listen_to_it_in_order()
    {
        await using var one = await CliProcess.ListenAsync(["--group", "chat", "--count", "2", .. _layer]);
        await using var two = await CliProcess.ListenAsync(["--group", "chat", "--count", "2", .. _layer]);
        await CliProcess.RunAsync(["group-send", "chat", """{"type":"m","n":1}""", .. _layer]);
        await CliProcess.RunAsync(["group-send", "chat", """{"type":"m","n":2}""", .. _layer]);
        var expected = new CliProcess.Ended(0, """{"type":"m","n":1}""" + "\n" + """{"type":"m","n":2}""" + "\n", "");
        Assert.Equal(expected, await one.EndAsync());
        Assert.Equal(expected, await two.EndAsync());
    }

    [Theory]
    [InlineData("""{"type":"m","png":{"$bytes":"iVBORwD/"},"none":{"$bytes":""}}""")]
    [InlineData("""{"type":"m","text":"Grüße 😀 日本語 \"quoted\" <b> \n end"}""")]
    [InlineData("""{"type":"m","a":[1,-1,1.0,0.1,1E+300,9223372036854775807,18446744073709551615,true,null,[],{}],"b":{"c":{"d":"e"}}}""")]
    public async Task A_message_from_standard_input_arrives_as_it_was(string message)
    {
        await using var listener = await CliProcess.ListenAsync(["--group", "chat", "--count", "1", .. _layer]);
        Assert.Equal(new(0, "", ""), await CliProcess.RunAsync(["group-send", "chat", "-", .. _layer], message));
        Assert.Equal(new(0, message + "\n", ""), await listener.EndAsync());
    }

    [Theory]
    [InlineData("INT", 130, "--group")]
    [InlineData("INT", 130, "--channel")]
    [InlineData("TERM", 143, "--group")]
    public async Task A_listener_that_is_asked_to_end_ends_quietly(string signal, int code, string what)
    {
        await using var listener = await CliProcess.ListenAsync([what, _jobs, .. _layer]);
        await listener.SignalAsync(signal);
        Assert.Equal(new(code, "", ""), await listener.EndAsync());
    }

    [Theory]
    [InlineData("send", "jobs", """{"type":"m"}""")]
    [InlineData("group-send", "jobs", """{"type":"m"}""")]
    [InlineData("listen", "--group", "jobs")]
    [InlineData("listen", "--channel", "jobs")]
    public async Task A_Redis_that_is_away_is_named_in_one_line(params string[] command)
    {
        var port = Ports.Free();
        var (code, output, error) = await CliProcess.RunAsync([.. command, "--redis", $"127.0.0.1:{port},password=secret"]);
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith($"error: Redis at 127.0.0.1:{port} can't be reached (", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_wrong_command_line_ends_with_2() => Assert.Equal(2, (await CliProcess.RunAsync(["send", "jobs"])).Code);

    public sealed class Redis : IAsyncLifetime
    {
        public RedisServer Server { get; private set; } = null!;

        public async Task InitializeAsync() => Server = await RedisServer.StartAsync();

        public async Task DisposeAsync() => await Server.DisposeAsync();
    }
}
