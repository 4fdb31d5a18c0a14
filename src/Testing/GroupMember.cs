using ChannelsNet.Runs;

namespace ChannelsNet;

/// <summary>
/// A channel of the test, which hears what is sent to it and to the groups that it is in: for tests of who sends. Make one with
/// <see cref="TestChannels.JoinAsync"/>. Disposing it leaves its groups.
/// </summary>
public sealed class GroupMember : IAsyncDisposable
{
    private readonly IChannel _channel;
    private readonly TestChannels _channels;

    internal GroupMember(IChannel channel, TestChannels channels)
    {
        _channel = channel;
        _channels = channels;
    }

    /// <summary>The name of the channel, for what is sent to it alone.</summary>
    public string ChannelName => _channel.Name;

    /// <summary>The next message, which must be of this type.</summary>
    /// <exception cref="UnexpectedEventException">It is of another.</exception>
    /// <exception cref="TimeoutException">None came within <see cref="TestChannels.Timeout"/>.</exception>
    public async Task<TMessage> ReceiveAsync<TMessage>()
        where TMessage : Message
    {
        using var patience = new CancellationTokenSource(_channels.Timeout);
        Message message;
        try
        {
            message = await _channel.ReadAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"Expected a {typeof(TMessage).Name}, within {EventText.Of(_channels.Timeout)}. No message has come.");
        }

        return message as TMessage ?? throw new UnexpectedEventException($"a {typeof(TMessage).Name}", $"{message}");
    }

    /// <summary>Makes sure that no message is there and that nothing comes of what the applications were given so far: ends as soon as all are at rest.</summary>
    /// <exception cref="UnexpectedEventException">There is one. It is taken.</exception>
    /// <exception cref="TimeoutException">The applications have not come to rest within <see cref="TestChannels.Timeout"/>.</exception>
    public async Task ReceiveNothingAsync()
    {
        await _channels.SettleAsync().ConfigureAwait(false);
        if (_channel.TryRead(out var message))
        {
            throw new UnexpectedEventException("no message", $"{message}");
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _channel.DisposeAsync();
}
