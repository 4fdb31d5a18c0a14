using BenchmarkDotNet.Attributes;

namespace ChannelsNet.Bench.Layers;

/// <summary>One message sent to a group and read by each of its members.</summary>
[MemoryDiagnoser]
public class InMemoryGroupBenchmarks
{
    private Layer _layer = null!;
    private IChannel[] _members = null!;

    [Params(1, 100, 10_000)]
    public int Members { get; set; }

    [GlobalSetup]
    public async Task SetUp()
    {
        _layer = new Layer(ChannelLayerBackend.InMemory);
        _members = new IChannel[Members];
        for (var i = 0; i < Members; i++)
        {
            _members[i] = await _layer.Channels.NewChannelAsync();
            await _layer.Channels.GroupAddAsync("room", _members[i].Name);
        }
    }

    [GlobalCleanup]
    public ValueTask CleanUp() => _layer.DisposeAsync();

    [Benchmark]
    public async Task GroupSend()
    {
        await _layer.Channels.GroupSendAsync("room", ChatMessage.Hello);
        foreach (var member in _members)
        {
            member.TryRead(out _);
        }
    }
}
