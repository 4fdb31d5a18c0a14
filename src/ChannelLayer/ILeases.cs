namespace ChannelsNet;

/// <summary>Gives out leases: rights that one process of the cluster holds at a time. In memory this process always holds them.</summary>
public interface ILeases
{
    /// <summary>
    /// Starts to want a lease. This process gets it when nobody holds it, renews it for as long as the handle lives, and gives it
    /// up at once when the handle is disposed.
    /// </summary>
    ILease Open(string name);
}

/// <summary>A lease that this process wants, and perhaps holds. Disposing it gives it up.</summary>
public interface ILease : IAsyncDisposable
{
    /// <summary>Whether this process holds the lease now, by its own clock; false as soon as another could hold it.</summary>
    bool IsHeld { get; }

    /// <summary>
    /// Claims one turn of work. Of all processes that ever hold the lease at most one gets a turn, also when clocks differ or a
    /// process was stopped for a while between looking and acting.
    /// </summary>
    /// <param name="turn">The number of the turn; the work of one second of the day, say, has one number on all processes.</param>
    /// <param name="cancellationToken">Gives up waiting for the answer.</param>
    /// <returns>False if this process does not hold the lease, or another has had the turn.</returns>
    ValueTask<bool> TryClaimAsync(long turn, CancellationToken cancellationToken = default);
}
