namespace ChannelsNet;

/// <summary>The same over lists of Redis, with keys and with each serializer.</summary>
public sealed class OtherLayersEndToEndTests(EndToEndTests.Redis redis) : IClassFixture<EndToEndTests.Redis>
{
    private const string Message = """{"type":"m","n":1,"x":1.5,"png":{"$bytes":"iVBORwD/"}}""";

    private readonly string[] _layer = ["--redis", redis.Server.Address, "--prefix", $"cli-{Guid.NewGuid():N}"];
    private readonly string _jobs = $"jobs-{Guid.NewGuid():N}";

    [Fact]
    public async Task Over_the_core_layer_a_message_waits_for_its_listener()
    {
        string[] layer = [.. _layer, "--backend", "core"];
        Assert.Equal(new(0, "", ""), await CliProcess.RunAsync(["send", _jobs, Message, "--expiry", "00:01:00", .. layer]));
        Assert.Equal(
            new(0, Message + "\n", "ready\n"), await CliProcess.RunAsync(["listen", "--channel", _jobs, "--count", "1", .. layer]));
    }

    [Fact]
    public async Task A_full_channel_is_told_in_one_line()
    {
        string[] send = ["send", _jobs, Message, .. _layer, "--backend", "core"];
        var capacity = new ChannelLayerOptions().Capacity;
        for (var sent = 0; sent < capacity; sent++)
        {
            using var error = new StringWriter();
            Assert.Equal(0, await Tool.RunAsync(send, new Running.ToolConsole(Stream.Null, Stream.Null, error), CancellationToken.None));
        }

        var ended = await CliProcess.RunAsync(send);
        Assert.Equal(1, ended.Code);
        Assert.StartsWith($"error: Channel \"{_jobs}\" is full", ended.Error, StringComparison.Ordinal);
        Assert.Single(ended.Error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("--backend", "core")]
    [InlineData("--serializer", "json", "--backend", "core")]
    [InlineData("--serializer", "msgpack", "--backend", "pubsub")]
    [InlineData("--key", "one", "--key", "two")]
    public async Task A_group_is_shared_by_those_who_say_the_same_of_the_layer(params string[] options)
    {
        string[] layer = [.. _layer, .. options];
        await using var listener = await CliProcess.ListenAsync(["--group", "chat", "--count", "1", .. layer]);
        Assert.Equal(new(0, "", ""), await CliProcess.RunAsync(["group-send", "chat", Message, .. layer]));
        Assert.Equal(new(0, Message + "\n", ""), await listener.EndAsync());
    }

    [Fact]
    public async Task A_message_under_another_key_is_a_warning_and_no_message()
    {
        await using var listener = await CliProcess.ListenAsync(["--group", "chat", "--count", "1", "--key", "one", .. _layer]);
        await CliProcess.RunAsync(["group-send", "chat", """{"type":"lost"}""", "--key", "other", .. _layer]);
        await CliProcess.RunAsync(["group-send", "chat", Message, "--key", "one", .. _layer]);
        var ended = await listener.EndAsync();
        Assert.Equal((0, Message + "\n"), (ended.Code, ended.Output));
        Assert.StartsWith("warning: ", ended.Error, StringComparison.Ordinal);
    }
}
