using System.Threading.Channels;
using ChannelsNet.Background;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Redis.PubSub;

/// <summary>
/// The messages that a server has been sent and has not confirmed, in order. Who posts does not wait for the confirmation, only for a place here, so that
/// many messages are on their way at once also from one sender that posts one after the other. What fails is treated in order.
/// </summary>
internal sealed class PublishPipeline
{
    /// <summary>How many messages may be on the way to one server.</summary>
    private const int Places = 256;

    private readonly Channel<Entry> _unconfirmed = Channel.CreateBounded<Entry>(new BoundedChannelOptions(Places) { SingleReader = true });
    private readonly Lazy<Task> _watching;
    private int _count;

    /// <param name="server">The server, for the log.</param>
    /// <param name="logger">Gets what <paramref name="whenUnsent"/> throws.</param>
    /// <param name="whenUnsent">Gets, in order, each message that has certainly not been published.</param>
    public PublishPipeline(string server, ILogger logger, Action<Publication> whenUnsent)
    {
        var name = $"Publishing to Redis at {server}";
        _watching = new Lazy<Task>(() => BackgroundWork.Run(name, logger, () => WatchAsync(whenUnsent, exception => BackgroundWork.Report(name, logger, exception))));
    }

    /// <summary>Takes a message that is being published; ends when there was a place for it.</summary>
    /// <param name="publishing">Ends with null when it has been published, else with the reason why it has certainly not been. It does not fail.</param>
    /// <param name="publication">The message.</param>
    public ValueTask AddAsync(Task<Exception?> publishing, Publication publication)
    {
        Interlocked.Increment(ref _count);
        _ = _watching.Value;
        return _unconfirmed.Writer.WriteAsync(new Entry(publishing, publication, null));
    }

    /// <summary>Ends when all messages that are here have been confirmed or have failed.</summary>
    public Task ConfirmedAsync() => Volatile.Read(ref _count) == 0 ? Task.CompletedTask : PassAsync();

    private async Task PassAsync()
    {
        var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _unconfirmed.Writer.WriteAsync(new Entry(null, default, passed)).ConfigureAwait(false);
        await passed.Task.ConfigureAwait(false);
    }

    /// <summary>Without this loop nothing could be posted any more, so it goes on whatever is thrown.</summary>
    private async Task WatchAsync(Action<Publication> whenUnsent, Action<Exception> whenFailed)
    {
        await foreach (var entry in _unconfirmed.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            entry.Passed?.TrySetResult();
            if (entry.Publishing is { } publishing)
            {
                try
                {
                    if (await publishing.ConfigureAwait(false) is not null)
                    {
                        whenUnsent(entry.Publication);
                    }
                }
                catch (Exception exception)
                {
                    whenFailed(exception);
                }

                Interlocked.Decrement(ref _count);
            }
        }
    }

    /// <param name="Publishing">Ends when the message has been published or has not; null for a mark.</param>
    /// <param name="Publication">The message.</param>
    /// <param name="Passed">A mark: set when all before it is done.</param>
    private readonly record struct Entry(Task<Exception?>? Publishing, Publication Publication, TaskCompletionSource? Passed);
}
