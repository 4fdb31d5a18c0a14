namespace ChannelsNet.Clients;

/// <summary>Many clients in one chat room, behind one address.</summary>
internal sealed class Crowd : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _runs;

    private Crowd(ReconnectingClient[] clients)
    {
        Clients = clients;
        _runs = [.. clients.Select(client => Task.Run(() => client.RunAsync(_stop.Token)))];
    }

    public ReconnectingClient[] Clients { get; }

    public int Connected => Clients.Count(client => client.IsConnected);

    /// <param name="count">How many clients.</param>
    /// <param name="clock">Measures how long they are away.</param>
    /// <param name="addresses">Where they connect, by turns.</param>
    public static async Task<Crowd> ConnectAsync(int count, Clock clock, params Uri[] addresses)
    {
        var crowd = new Crowd([.. Enumerable.Range(0, count).Select(i => new ReconnectingClient(addresses[i % addresses.Length], clock))]);
        await crowd.AllConnectedAsync();
        return crowd;
    }

    public Task AllConnectedAsync() => Until.TrueAsync(
        () => _runs.FirstOrDefault(run => run.IsFaulted) is { Exception: { } fault } ? throw fault : Connected == Clients.Length, () => $"Only {Connected} of {Clients.Length} clients are connected. One that is not has ended with {string.Join(", ", Clients.First(client => !client.IsConnected).Codes)}.", TimeSpan.FromSeconds(60));

    public Task AllHeardAsync(int number) => Until.TrueAsync(
        () => Clients.All(client => client.LastHeard >= number),
        () => $"{Clients.Count(client => client.LastHeard < number)} clients have not heard message {number}.",
        TimeSpan.FromSeconds(30));

    /// <summary>How many messages each client has missed since the first that it heard, up to the last that was sent; from the fewest to the most.</summary>
    public int[] Missed(int last) => [.. Clients.Select(client => Missed(client, last)).Order()];

    private static int Missed(ReconnectingClient client, int last)
    {
        var heard = client.Heard.SelectMany(numbers => numbers).ToHashSet();
        return last - heard.Min() + 1 - heard.Count;
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_runs);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }
}

internal static class Until
{
    /// <summary>Looks again and again until it is so.</summary>
    /// <exception cref="TimeoutException">It has not been so in time.</exception>
    public static async Task TrueAsync(Func<bool> isSo, Func<string> otherwise, TimeSpan patience)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!isSo())
        {
            if (TimeProvider.System.GetElapsedTime(start) > patience)
            {
                throw new TimeoutException(otherwise());
            }

            await Task.Delay(20);
        }
    }
}
