using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Net.Http.Headers;

namespace ChannelsNet.Draining;

/// <summary>A connection that can be told that the host stops.</summary>
internal interface IDrainable
{
    /// <summary>Ends the connection, after what waits for the client; it is told when to come back.</summary>
    void Drain(TimeSpan retryAfter);
}

/// <summary>The connections of this host; no new ones once it stops.</summary>
internal sealed class OpenConnections(IHostApplicationLifetime lifetime)
{
    private readonly ConcurrentDictionary<IDrainable, byte> _open = new();
    private volatile TaskCompletionSource? _empty;

    /// <summary>What a client gets that comes too late: another node may take it at once.</summary>
    public static Refusal Refusal { get; } = new(StatusCodes.Status503ServiceUnavailable)
    {
        Headers = new HeaderDictionary { [HeaderNames.RetryAfter] = "1" },
    };

    /// <summary>Whether the host stops.</summary>
    public bool IsDraining => lifetime.ApplicationStopping.IsCancellationRequested;

    public int Count => _open.Count;

    /// <summary>Those that are open now.</summary>
    public IDrainable[] All => [.. _open.Keys];

    /// <summary>Adds a connection; false if the host stops, and then it is to be refused.</summary>
    public bool TryAdd(IDrainable connection)
    {
        if (IsDraining)
        {
            return false;
        }

        _open.TryAdd(connection, 0);
        if (!IsDraining)
        {
            return true;
        }

        // It may have come after the others were looked for.
        Remove(connection);
        return false;
    }

    public void Remove(IDrainable connection)
    {
        _open.TryRemove(connection, out _);
        if (_empty is { } empty && _open.IsEmpty)
        {
            empty.TrySetResult();
        }
    }

    /// <summary>Ends when none is open any more.</summary>
    public Task EmptyAsync(CancellationToken cancellationToken)
    {
        var empty = _empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _open.IsEmpty ? Task.CompletedTask : empty.Task.WaitAsync(cancellationToken);
    }
}
