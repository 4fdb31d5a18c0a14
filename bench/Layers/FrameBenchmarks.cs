using System.Text.Json;
using BenchmarkDotNet.Attributes;

namespace ChannelsNet.Bench.Layers;

/// <summary>One message for one client, written as a frame: what is done once for all who forward a message.</summary>
[MemoryDiagnoser]
public class FrameBenchmarks
{
    private readonly string _short = new('x', 64);
    private readonly string _long = new('x', 1024);
    private readonly ChatMessage _message = new(new string('x', 64), 42);

    [Benchmark]
    public WebSocketSend Text64() => WebSocketSend.Text(_short);

    [Benchmark]
    public WebSocketSend Text1024() => WebSocketSend.Text(_long);

    [Benchmark]
    public WebSocketSend Json64() => WebSocketSend.Text(JsonSerializer.SerializeToUtf8Bytes(_message));
}
