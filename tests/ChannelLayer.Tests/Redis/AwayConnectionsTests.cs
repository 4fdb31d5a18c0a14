using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace ChannelsNet.Redis;

public sealed class AwayConnectionsTests
{
    private const string Server = "127.0.0.1:6379";

    private readonly FakeTimeProvider _time = new();
    private readonly HashSet<(string? Server, ConnectionType Kind)> _standing = [(Server, ConnectionType.Interactive), (Server, ConnectionType.Subscription)];
    private readonly AwayConnections _away;

    public AwayConnectionsTests() => _away = new((server, kind) => _standing.Contains((server, kind)), _time);

    [Fact]
    public void A_connection_is_away_from_its_loss_to_its_return()
    {
        Break(ConnectionType.Interactive);
        _away.Lost(Server, ConnectionType.Interactive);
        Assert.True(_away.Has(Server));
        Assert.False(_away.Has("127.0.0.1:6380"));

        Mend(ConnectionType.Interactive);
        _away.Back(Server, ConnectionType.Interactive);
        Assert.False(_away.Has(Server));
    }

    [Fact]
    public void A_server_is_away_until_both_its_connections_are_back()
    {
        Break(ConnectionType.Interactive);
        Break(ConnectionType.Subscription);
        _away.Lost(Server, ConnectionType.Interactive);
        _away.Lost(Server, ConnectionType.Subscription);

        Mend(ConnectionType.Interactive);
        _away.Back(Server, ConnectionType.Interactive);
        Assert.True(_away.Has(Server));

        Mend(ConnectionType.Subscription);
        _away.Back(Server, ConnectionType.Subscription);
        Assert.False(_away.Has(Server));
    }

    [Fact]
    public void A_loss_that_is_heard_of_after_its_end_is_forgotten()
    {
        _away.Back(Server, ConnectionType.Interactive);
        _away.Lost(Server, ConnectionType.Interactive);
        Assert.True(_away.Has(Server));

        _time.Advance(AwayConnections.Shortest);
        _away.Look();
        Assert.False(_away.Has(Server));
    }

    [Fact]
    public void A_return_that_is_never_heard_of_is_seen()
    {
        Break(ConnectionType.Subscription);
        _away.Lost(Server, ConnectionType.Subscription);
        _time.Advance(TimeSpan.FromMinutes(1));
        _away.Look();
        Assert.True(_away.Has(Server));

        Mend(ConnectionType.Subscription);
        _away.Look();
        Assert.False(_away.Has(Server));
    }

    [Fact]
    public void A_return_that_is_heard_of_after_the_next_loss_ends_nothing()
    {
        Break(ConnectionType.Interactive);
        _away.Lost(Server, ConnectionType.Interactive);
        _away.Lost(Server, ConnectionType.Interactive);
        _away.Back(Server, ConnectionType.Interactive);
        Assert.True(_away.Has(Server));
    }

    [Fact]
    public void What_stands_right_after_its_loss_is_not_believed()
    {
        _away.Lost(Server, ConnectionType.Interactive);
        _time.Advance(AwayConnections.Shortest - TimeSpan.FromMilliseconds(1));
        _away.Look();
        Assert.True(_away.Has(Server));

        // Nor after the loss that follows.
        _away.Lost(Server, ConnectionType.Interactive);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        _away.Look();
        Assert.True(_away.Has(Server));
    }

    private void Break(ConnectionType kind) => _standing.Remove((Server, kind));

    private void Mend(ConnectionType kind) => _standing.Add((Server, kind));
}
