namespace ChannelsNet.Bench.Load;

/// <summary>One kind of measurement, and what it does when something comes.</summary>
internal abstract class Work : IDisposable
{
    protected Work(LoadJob job)
    {
        Job = job;
        Client = new Client(Protocol.Named(job.Protocol), this);
        Measurement = new Measurement(job);
    }

    protected LoadJob Job { get; }

    protected Client Client { get; }

    protected Measurement Measurement { get; }

    public static Work Of(LoadJob job) => job.Work switch
    {
        "broadcast" => new Broadcast(job),
        "echo" => new Echo(job),
        "connects" => new Connects(job),
        "idle" => new Idle(job),
        "soak" => new Soak(job),
        _ => throw new ArgumentException($"\"{job.Work}\" is no work; write broadcast, echo, connects, idle or soak."),
    };

    public abstract LoadResult Run();

    /// <summary>A connection has been accepted, by the protocol too.</summary>
    public virtual void Opened(Connection connection, long now)
    {
    }

    /// <summary>The text with this number has come.</summary>
    public virtual void Received(Connection connection, long number, long now)
    {
    }

    /// <summary>A message of the plain protocol has come.</summary>
    public virtual void Received(Connection connection, ReadOnlySpan<byte> message, long now)
    {
        if (Text.FindNumber(message) is >= 0 and var number)
        {
            Received(connection, number, now);
        }
    }

    public void Dispose() => Client.Dispose();
}
