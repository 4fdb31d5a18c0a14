namespace ChannelsNet.Bench.Load;

/// <summary>The memory of connections on which nothing happens. It wants a server that has done nothing before.</summary>
internal sealed class Idle(LoadJob job) : Work(job)
{
    private const int First = 300;

    public override LoadResult Run()
    {
        // What the first connections bring into memory is not for each: code, pools, threads.
        foreach (var connection in Client.OpenAll(First, Job.Ports, Role.Subscribe))
        {
            Client.Close(connection);
        }

        var before = Kilobytes();
        Client.OpenAll(Job.Clients, Job.Ports, Role.Subscribe);
        return new LoadResult { IdleKilobytes = (Kilobytes() - before) / (double)Job.Clients };
    }

    private long Kilobytes()
    {
        // The server may still be busy with what has come or gone.
        Thread.Sleep(1000);
        using var http = new HttpClient();
        foreach (var port in Job.Ports)
        {
            http.GetAsync(new Uri($"http://127.0.0.1:{port}/gc")).GetAwaiter().GetResult().EnsureSuccessStatusCode();
        }

        Thread.Sleep(200);
        return Processes.Kilobytes(Job.Processes);
    }
}
