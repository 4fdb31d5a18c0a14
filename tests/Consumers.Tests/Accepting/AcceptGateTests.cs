using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Accepting;

public sealed class AcceptGateTests
{
    private readonly FakeTimeProvider _time = new();
    private bool _isReached;
    private int _closings;

    private AcceptGate Create() => new(() => _isReached, () => _closings++, _time, NullLogger.Instance);

    private void PassSeconds(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task It_closes_within_a_second_once_no_descriptor_is_free_and_opens_within_a_second_once_one_is()
    {
        using var gate = Create();
        var closed = await gate.OpenAsync();
        PassSeconds(3);
        Assert.False(closed.IsCancellationRequested);

        _isReached = true;
        PassSeconds(1);
        Assert.True(closed.IsCancellationRequested);
        var open = gate.OpenAsync();
        PassSeconds(3);
        Assert.False(open.IsCompleted);

        _isReached = false;
        PassSeconds(1);
        closed = await open.WaitAsync(TestServer.Patience);
        Assert.False(closed.IsCancellationRequested);
        Assert.Equal(1, _closings);

        _isReached = true;
        PassSeconds(1);
        Assert.True(closed.IsCancellationRequested);
        Assert.Equal(2, _closings);
    }

    [Fact]
    public async Task A_gate_that_is_disposed_while_it_is_closed_is_open()
    {
        var gate = Create();
        _isReached = true;
        PassSeconds(1);
        var open = gate.OpenAsync();
        gate.Dispose();
        var closed = await open.WaitAsync(TestServer.Patience);
        PassSeconds(3);
        Assert.False(closed.IsCancellationRequested);
        Assert.True(gate.OpenAsync().IsCompletedSuccessfully);
    }
}
