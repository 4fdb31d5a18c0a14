namespace ChannelsNet.Bench.Load;

/// <summary>Each client sends a text, and the next when it has come back.</summary>
internal sealed class Echo(LoadJob job) : Work(job)
{
    private readonly long[] _sent = new long[job.Clients];
    private readonly long[] _sentAt = new long[job.Clients];
    private Text? _text;
    private long _wrong;

    public override LoadResult Run()
    {
        _text = new(Client.Protocol, Role.Echo, Job.Size);
        foreach (var connection in Client.OpenAll(Job.Clients, Job.Ports, Role.Echo))
        {
            Send(connection, System.Diagnostics.Stopwatch.GetTimestamp());
        }

        Measurement.Run(() => Client.Turn(100));
        return Measurement.Result(_wrong > 0 ? $"{_wrong:N0} not those that were sent" : null);
    }

    public override void Received(Connection connection, long number, long now)
    {
        Measurement.Add(_sentAt[connection.Number], now);
        if (number != _sent[connection.Number])
        {
            _wrong++;
            return;
        }

        Send(connection, now);
    }

    private void Send(Connection connection, long now)
    {
        _sentAt[connection.Number] = now;
        Client.Send(connection, _text!.Frame(++_sent[connection.Number]));
    }
}
