namespace ChannelsNet;

/// <summary>
/// What messages travel over: named channels, each message to one reader, and groups, each message to every member.
/// </summary>
/// <remarks>
/// <para>Delivery is at most once: a message may be lost (a full channel, an expired message, a lost broker), never doubled,
/// and every loss is counted. Messages of one sender to one channel or group arrive in the order in which they were sent.</para>
/// <para>Names are 1 to 99 characters of ASCII letters, digits, '-', '_' and '.'; a channel name may hold one '!', not as its
/// first character. Every member throws <see cref="ArgumentException"/> for any other name, and nothing is stored.</para>
/// <para>A layer is thread-safe. The rules are those of Django's channel layer specification.</para>
/// </remarks>
public interface IChannelLayer
{
    /// <summary>Sends a message to one channel. Never waits for space.</summary>
    /// <exception cref="ChannelFullException">The channel holds as many unread messages as its capacity.</exception>
    ValueTask SendAsync(string channel, Message message, CancellationToken cancellationToken = default);

    /// <summary>Takes the next message of a channel, waiting for one if there is none. A cancelled call loses no message.</summary>
    /// <exception cref="ObjectDisposedException">The channel is one of this process that has ended.</exception>
    ValueTask<Message> ReceiveAsync(string channel, CancellationToken cancellationToken = default);

    /// <summary>Makes a channel with a name of its own, which only this process reads.</summary>
    /// <param name="prefix">The first part of the name, before the dot.</param>
    /// <param name="listener">Told each time a message has arrived; without one the channel is read with <see cref="IChannel.ReadAsync"/>.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The handle of the channel. Disposing it ends the channel: it leaves all its groups and drops what it holds.</returns>
    ValueTask<IChannel> NewChannelAsync(
        string prefix = "specific", IChannelListener? listener = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Makes a channel a member of a group. Adding it again changes nothing but the age of its membership. A channel of this process that has ended is not
    /// added, without an error.
    /// </summary>
    ValueTask GroupAddAsync(string group, string channel, CancellationToken cancellationToken = default);

    /// <summary>Takes a channel out of a group. No error if it is no member.</summary>
    ValueTask GroupDiscardAsync(string group, string channel, CancellationToken cancellationToken = default);

    /// <summary>Sends a message to every member of a group. A member that is full misses it, which is counted and never thrown.</summary>
    /// <param name="group">The group; one without members is no error.</param>
    /// <param name="message">The message; all members of a process get the same object.</param>
    /// <param name="except">A channel that is not to get it, usually the sender's own.</param>
    /// <param name="cancellationToken">Gives up waiting for the back-end.</param>
    ValueTask GroupSendAsync(string group, Message message, string? except = null, CancellationToken cancellationToken = default);

    /// <summary>Drops every message and every membership of this layer. Meant for tests.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken = default);
}
