namespace ChannelsNet.Bench.Load;

/// <summary>New connections all the time; each ends as soon as it has been accepted.</summary>
internal sealed class Connects(LoadJob job) : Work(job)
{
    private int _underWay;

    public override LoadResult Run()
    {
        Measurement.Run(() =>
        {
            while (_underWay < Job.Clients)
            {
                _underWay++;
                Client.Open(Job.Ports[0], Role.Echo);
            }

            Client.Turn(100);
        });
        return Measurement.Result(null);
    }

    public override void Opened(Connection connection, long now)
    {
        Measurement.Add(connection.Started, now);
        Client.Close(connection);
        _underWay--;
    }
}
