using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Workers;

/// <summary>
/// Takes messages off a channel for those who handle them. It takes one only when there is room for it, so that what waits stays in the layer, where
/// other workers find it.
/// </summary>
/// <param name="channel">The channel.</param>
/// <param name="layer">The layer.</param>
/// <param name="room">How many messages may be taken and not done.</param>
/// <param name="time">Measures the pause after a fault.</param>
/// <param name="logger">Is told of faults.</param>
internal sealed class WorkerIntake(string channel, IChannelLayer layer, int room, TimeProvider time, ILogger logger) : IDisposable
{
    private static readonly TimeSpan _again = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _room = new(room);
    private readonly Channel<Message> _taken = Channel.CreateUnbounded<Message>();

    /// <summary>Takes messages until the host stops.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                await _room.WaitAsync(stopping).ConfigureAwait(false);

                // A layer that had taken a message when it was told to stop returns it all the same.
                _taken.Writer.TryWrite(await TakeAsync(stopping).ConfigureAwait(false));
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Nothing new is taken any more.
        }
        finally
        {
            _taken.Writer.Complete();
        }
    }

    /// <summary>The next message to handle; null when there will be none.</summary>
    public async ValueTask<Message?> NextAsync()
    {
        while (await _taken.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            if (_taken.Reader.TryRead(out var message))
            {
                return message;
            }
        }

        return null;
    }

    /// <summary>A message that came from <see cref="NextAsync"/> is done, so there is room for another one.</summary>
    public void Done() => _room.Release();

    /// <summary>Sends what nobody has begun back to the channel, behind what waits there.</summary>
    /// <returns>How many are there again, how many are lost, and why.</returns>
    public async Task<(int Returned, int Lost, Exception? Fault)> ReturnAsync()
    {
        var returned = 0;
        while (_taken.Reader.TryRead(out var message))
        {
            try
            {
                await layer.SendAsync(channel, message).ConfigureAwait(false);
                returned++;
            }
            catch (Exception fault)
            {
                // The others would fare no better, and there is no time to try.
                return (returned, 1 + Forget(), fault);
            }
        }

        return (returned, 0, null);
    }

    public void Dispose() => _room.Dispose();

    private int Forget()
    {
        var count = 0;
        for (; _taken.Reader.TryRead(out _); count++)
        {
        }

        return count;
    }

    private async Task<Message> TakeAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                return await layer.ReceiveAsync(channel, stopping).ConfigureAwait(false);
            }
            catch (Exception fault) when (!stopping.IsCancellationRequested)
            {
                WorkerLog.NotTaken(logger, channel, _again.TotalSeconds, fault);
                await Task.Delay(_again, time, stopping).ConfigureAwait(false);
            }
        }
    }
}
