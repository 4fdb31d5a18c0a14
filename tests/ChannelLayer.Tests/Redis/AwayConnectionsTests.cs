using System.Net;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace ChannelsNet.Redis;

public sealed class AwayConnectionsTests
{
    private static readonly IPEndPoint _server = new(IPAddress.Loopback, 6379);

    private readonly FakeTimeProvider _time = new();
    private readonly AwayConnections _away;

    public AwayConnectionsTests() => _away = new AwayConnections(_time);

    [Fact]
    public void A_loss_that_is_told_after_the_return_is_found_out()
    {
        _away.Returned(_server, ConnectionType.Subscription);
        _away.Lost(_server, ConnectionType.Subscription);
        _time.Advance(AwayConnections.Doubt);
        _away.Look((server, type) => (server, type) == (_server.ToString(), ConnectionType.Subscription));
        Assert.False(_away.Any);
        Assert.False(_away.Concerns(_server));
    }

    [Fact]
    public void What_looks_as_if_it_stood_in_the_moment_of_its_loss_is_not_believed()
    {
        _away.Lost(_server, ConnectionType.Interactive);
        _time.Advance(AwayConnections.Doubt / 2);
        _away.Look((_, _) => true);
        Assert.True(_away.Concerns(_server));

        // Lost once more, so the doubt begins anew.
        _away.Lost(_server, ConnectionType.Interactive);
        _time.Advance(AwayConnections.Doubt / 2);
        _away.Look((_, _) => true);
        Assert.True(_away.Concerns(_server));
    }

    [Fact]
    public void What_does_not_stand_stays_away_until_it_is_told_to_be_back()
    {
        _away.Lost(_server, ConnectionType.Interactive);
        _away.Lost(_server, ConnectionType.Subscription);
        _time.Advance(TimeSpan.FromMinutes(1));
        _away.Look((_, type) => type == ConnectionType.Interactive);
        Assert.True(_away.Concerns(_server));
        _away.Returned(_server, ConnectionType.Subscription);
        Assert.False(_away.Any);
    }
}
