using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Net.Http.Headers;

namespace ChannelsNet.Draining;

/// <summary>A connection that takes part in the stop of the host. Its members can be called on any thread at any time, and never wait.</summary>
internal interface IDrainable
{
    /// <summary>The host stops: ends the connection behind what waits for the client, with the time after which the client is to come back.</summary>
    void Drain(TimeSpan retryAfter);

    /// <summary>The time to stop is over: ends the connection at once, whatever its application does.</summary>
    void Abandon();
}

/// <summary>The connections of this host; no new ones once it stops.</summary>
internal sealed class OpenConnections(IHostApplicationLifetime lifetime)
{
    private readonly ConcurrentDictionary<IDrainable, byte> _open = new();
    private TaskCompletionSource? _empty;
    private int _count;

    /// <summary>Whether the host stops.</summary>
    public bool IsDraining => lifetime.ApplicationStopping.IsCancellationRequested;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Those that are open now.</summary>
    public IDrainable[] All => [.. _open.Keys];

    /// <summary>The response to a client that another node, or this one after a while, can serve.</summary>
    public static Refusal Unavailable(TimeSpan retryAfter) => new(StatusCodes.Status503ServiceUnavailable)
    {
        Headers = new HeaderDictionary { [HeaderNames.RetryAfter] = Math.Ceiling(retryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture) },
    };

    /// <summary>Adds a connection; false if the host stops, and then it is to be rejected.</summary>
    public bool TryAdd(IDrainable connection)
    {
        if (IsDraining)
        {
            return false;
        }

        if (_open.TryAdd(connection, 0))
        {
            Interlocked.Increment(ref _count);
        }

        if (!IsDraining)
        {
            return true;
        }

        // The drain may have looked for connections before this one was added.
        Remove(connection);
        return false;
    }

    public void Remove(IDrainable connection)
    {
        if (_open.TryRemove(connection, out _) && Interlocked.Decrement(ref _count) == 0)
        {
            Volatile.Read(ref _empty)?.TrySetResult();
        }
    }

    /// <summary>Completes when none is open any more.</summary>
    public Task EmptyAsync(CancellationToken cancellationToken)
    {
        // Published before the count is read, while Remove changes the count before it looks for this: one of the two sees the other.
        var empty = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _empty, empty);
        return Count == 0 ? Task.CompletedTask : empty.Task.WaitAsync(cancellationToken);
    }
}
