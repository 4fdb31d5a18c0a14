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

        var before = Processes.Collected(Job.Ports, Job.Processes);
        Client.OpenAll(Job.Clients, Job.Ports, Role.Subscribe);
        return new LoadResult { IdleKilobytes = (Processes.Collected(Job.Ports, Job.Processes) - before) / (double)Job.Clients };
    }
}
