using System.Diagnostics.CodeAnalysis;

namespace ChannelsNet.Workers;

/// <summary>Stands where other consumers have their own channel. Whoever asks for it is told what to write instead.</summary>
internal sealed class NoChannel(Type consumer) : IChannel
{
    public string Name => throw NotThere();

    public bool TryRead([NotNullWhen(true)] out Message? message)
    {
        message = null;
        return false;
    }

    public ValueTask<Message> ReadAsync(CancellationToken cancellationToken = default) => throw NotThere();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private InvalidOperationException NotThere() => new(
        $"{consumer} is made for one message, so it has no channel of its own and joins no groups. Let the message say who gets the answer "
        + "(a consumer sends its ChannelName with it), or make a channel with Layer.NewChannelAsync().");
}
