using System.Diagnostics.Metrics;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Accepting;

public sealed class ReservingListenerTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly FakeListener _inner = new();
    private bool _isReached;

    public void Dispose() => _services.Dispose();

    /// <summary>Accepts what the test writes, until it is unbound.</summary>
    private sealed class FakeListener : IConnectionListener
    {
        public Channel<ConnectionContext> Clients { get; } = Channel.CreateUnbounded<ConnectionContext>();

        public Diary Diary { get; } = new();

        public EndPoint EndPoint { get; } = new IPEndPoint(IPAddress.Loopback, 1);

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            Diary.Note("accepts");
            try
            {
                return await Clients.Reader.WaitToReadAsync(cancellationToken) ? await Clients.Reader.ReadAsync(cancellationToken) : null;
            }
            catch (OperationCanceledException)
            {
                Diary.Note("canceled");
                throw;
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            Clients.Writer.TryComplete();
            return default;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }

    private ReservingListener Create()
    {
        var reserve = new DescriptorReserve(
            Options.Create(new ConnectionLimits()), _services.GetRequiredService<IMeterFactory>(), _time, NullLogger<DescriptorReserve>.Instance);
        return new ReservingListener(_inner, reserve, new AcceptGate(() => _isReached, () => { }, _time, NullLogger.Instance));
    }

    private void Pass(bool isReached)
    {
        _isReached = isReached;
        _time.Advance(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task It_does_not_accept_while_no_descriptor_is_free_and_goes_on_afterwards()
    {
        await using var listener = Create();
        var accepting = listener.AcceptAsync().AsTask();
        Assert.Equal("accepts", await _inner.Diary.NextAsync());
        Pass(isReached: true);
        Assert.Equal("canceled", await _inner.Diary.NextAsync());

        var connection = new DefaultConnectionContext();
        _inner.Clients.Writer.TryWrite(connection);
        Pass(isReached: true);
        Assert.False(accepting.IsCompleted);
        Pass(isReached: false);
        Assert.Equal("accepts", await _inner.Diary.NextAsync());
        Assert.Same(connection, await accepting.WaitAsync(TestServer.Patience));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Unbinding_ends_it_whether_it_accepts_or_waits(bool isReached)
    {
        await using var listener = Create();
        var accepting = listener.AcceptAsync().AsTask();
        Pass(isReached);
        await listener.UnbindAsync();
        Assert.Null(await accepting.WaitAsync(TestServer.Patience));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Its_caller_can_cancel_whether_it_accepts_or_waits(bool isReached)
    {
        await using var listener = Create();
        using var source = new CancellationTokenSource();
        var accepting = listener.AcceptAsync(source.Token).AsTask();
        Pass(isReached);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accepting.WaitAsync(TestServer.Patience));
    }
}
