using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Bench.Layers;

/// <summary>One message sent to a group, from the layer through each member's consumer to the frame that it sends: all but the socket.</summary>
[MemoryDiagnoser]
public class ConsumerBenchmarks
{
    private readonly CancellationTokenSource _end = new();
    private ServiceProvider _services = null!;
    private IChannelLayer _layer = null!;
    private Arrivals _arrivals = null!;

    [Params(1, 1000)]
    public int Consumers { get; set; }

    [GlobalSetup]
    public async Task SetUp()
    {
        var services = new ServiceCollection();
        services.AddLogging().AddChannels().AddMessage<ChatMessage>();
        _services = services.BuildServiceProvider();
        _layer = _services.GetRequiredService<IChannelLayer>();
        _arrivals = new Arrivals(Consumers);
        var application = Consumer.For<Forwards>();
        for (var i = 0; i < Consumers; i++)
        {
            var connection = new SilentConnection(_arrivals, _end.Token);
            _ = application.RunAsync(new Scope { Type = Scope.WebSocket, Services = _services }, connection);
            await connection.Accepted;
        }
    }

    [GlobalCleanup]
    public async Task CleanUp()
    {
        await _end.CancelAsync();
        await _services.DisposeAsync();
    }

    /// <summary>A new message each time, so that its JSON and its frame are made anew, once.</summary>
    [Benchmark]
    public async Task GroupSend()
    {
        await _layer.GroupSendAsync("room", new ChatMessage("Hello, everybody who is in this room.", 42));
        await _arrivals.AllAsync();
    }

    private sealed class Forwards : WebSocketConsumer, IHandle<ChatMessage>
    {
        protected override IReadOnlyList<string> Groups { get; } = ["room"];

        public Task HandleAsync(ChatMessage message) => SendJsonAsync(message);
    }

    /// <summary>Counts what has been sent, and tells when all have sent once more.</summary>
    private sealed class Arrivals(int each)
    {
        private readonly SemaphoreSlim _all = new(0);
        private int _count;

        public void Add()
        {
            if (Interlocked.Increment(ref _count) % each == 0)
            {
                _all.Release();
            }
        }

        public Task AllAsync() => _all.WaitAsync();
    }

    /// <summary>A client that asks, is accepted, and then says nothing.</summary>
    private sealed class SilentConnection(Arrivals arrivals, CancellationToken end) : IConnection
    {
        private readonly TaskCompletionSource _accepted = new();
        private readonly TaskCompletionSource<ClientEvent> _silence = new();
        private bool _hasAsked;

        public Task Accepted => _accepted.Task;

        public ValueTask<ClientEvent> ReceiveAsync()
        {
            if (!_hasAsked)
            {
                _hasAsked = true;
                end.UnsafeRegister(state => ((TaskCompletionSource<ClientEvent>)state!).TrySetResult(new WebSocketDisconnect(1006)), _silence);
                return new(new WebSocketConnect());
            }

            return new(_silence.Task);
        }

        public ValueTask SendAsync(ServerEvent serverEvent)
        {
            if (serverEvent is WebSocketSend)
            {
                arrivals.Add();
            }
            else
            {
                _accepted.TrySetResult();
            }

            return ValueTask.CompletedTask;
        }
    }
}
