using BenchmarkDotNet.Attributes;

namespace ChannelsNet.Bench.Layers;

/// <summary>One message sent and received, on one thread. The message is made once, so that what is allocated is the layer's.</summary>
[MemoryDiagnoser]
public class InMemoryBenchmarks
{
    private const int Times = 1000;

    private Layer _layer = null!;
    private IChannel _own = null!;

    [GlobalSetup]
    public async Task SetUp()
    {
        _layer = new Layer(ChannelLayerBackend.InMemory);
        _own = await _layer.Channels.NewChannelAsync();
        await _layer.Channels.SendAsync("held", ChatMessage.Hello);
    }

    [GlobalCleanup]
    public ValueTask CleanUp() => _layer.DisposeAsync();

    /// <summary>The channel is empty in between, so that it is made and retired for each message.</summary>
    [Benchmark(OperationsPerInvoke = Times)]
    public async Task GeneralChannelEmpty()
    {
        var layer = _layer.Channels;
        for (var i = 0; i < Times; i++)
        {
            await layer.SendAsync("work", ChatMessage.Hello);
            await layer.ReceiveAsync("work");
        }
    }

    /// <summary>One more message waits in the channel all the time, as in one that has work.</summary>
    [Benchmark(OperationsPerInvoke = Times)]
    public async Task GeneralChannelInUse()
    {
        var layer = _layer.Channels;
        for (var i = 0; i < Times; i++)
        {
            await layer.SendAsync("held", ChatMessage.Hello);
            await layer.ReceiveAsync("held");
        }
    }

    [Benchmark(OperationsPerInvoke = Times)]
    public async Task OwnChannel()
    {
        var layer = _layer.Channels;
        for (var i = 0; i < Times; i++)
        {
            await layer.SendAsync(_own.Name, ChatMessage.Hello);
            _own.TryRead(out _);
        }
    }
}
