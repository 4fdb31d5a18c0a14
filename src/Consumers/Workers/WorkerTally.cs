namespace ChannelsNet.Workers;

/// <summary>Counts the messages of one worker: those that are being handled now, and what became of all that were taken, each once.</summary>
internal sealed class WorkerTally(string channel, string layer, WorkerMeter meter)
{
    private readonly Lock _lock = new();
    private int _handling;
    private bool _abandoned;

    public void Begin()
    {
        lock (_lock)
        {
            _handling++;
        }
    }

    /// <summary>One that was begun has ended.</summary>
    public void End(WorkerOutcome outcome, TimeSpan took)
    {
        lock (_lock)
        {
            _handling--;
            if (_abandoned)
            {
                return;
            }
        }

        meter.Add(channel, layer, outcome, 1);
        meter.Record(channel, layer, outcome, took);
    }

    /// <summary>Those that are being handled still are counted now, and not again if they end after all.</summary>
    public int Abandon()
    {
        int count;
        lock (_lock)
        {
            count = _abandoned ? 0 : _handling;
            _abandoned = true;
        }

        Add(WorkerOutcome.Abandoned, count);
        return count;
    }

    public void Add(WorkerOutcome outcome, int count)
    {
        if (count > 0)
        {
            meter.Add(channel, layer, outcome, count);
        }
    }
}
