using System.Diagnostics;

namespace ChannelsNet.Bench.Load;

/// <summary>One publisher, many subscribers: each text is to reach all of them.</summary>
internal sealed class Broadcast : Work
{
    private static readonly long _patience = 5 * Stopwatch.Frequency;

    // Of the last numbers: when each was sent, and how many have not got it.
    private readonly long[] _sentAt = new long[4096];
    private readonly int[] _left = new int[4096];

    private readonly Order _order;
    private readonly Text _text;
    private Connection? _publisher;
    private long _sent;
    private long _complete;
    private long _first;

    public Broadcast(LoadJob job)
        : base(job)
    {
        _order = new(job.Clients);
        _text = new(Client.Protocol, Role.Publish, job.Size);
    }

    public override LoadResult Run()
    {
        // Subscribers come first, so that a connection's number is the subscriber's.
        Client.OpenAll(Job.Clients, Job.Ports, Role.Subscribe);
        _publisher = Client.OpenAll(1, Job.Ports, Role.Publish)[0];
        foreach (var stalled in Client.OpenAll(Job.Stalled, Job.Ports, Role.Subscribe))
        {
            Client.Stall(stalled);
        }

        if (!ReachAll())
        {
            return Measurement.Result("not all could be reached");
        }

        var due = Stopwatch.GetTimestamp();
        Measurement.Run(() =>
        {
            if (Job.PerSecond > 0)
            {
                PublishByClock(ref due);
            }
            else
            {
                PublishByWindow();
            }
        });
        for (var end = Stopwatch.GetTimestamp() + _patience; _complete < _sent && Stopwatch.GetTimestamp() < end;)
        {
            Client.Turn(10);
        }

        return Measurement.Result(_order.Fault(_sent));
    }

    public override void Received(Connection connection, long number, long now)
    {
        var slot = number % _left.Length;
        _order.Add(connection.Number, number);
        Measurement.Add(_sentAt[slot], now);
        if (--_left[slot] == 0 && number >= _first)
        {
            _complete++;
        }
    }

    /// <summary>Publishes until a text reaches all: some servers answer the handshake before they have made the client a subscriber.</summary>
    private bool ReachAll()
    {
        for (var end = Stopwatch.GetTimestamp() + (4 * _patience); _complete == 0 && Stopwatch.GetTimestamp() < end;)
        {
            Publish();
            for (var wait = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 2); _complete == 0 && Stopwatch.GetTimestamp() < wait;)
            {
                Client.Turn(10);
            }
        }

        var reached = _complete > 0;
        (_first, _complete) = (_sent, _sent);
        return reached;
    }

    private void PublishByWindow()
    {
        while (_sent - _complete < Job.InFlight)
        {
            Publish();
        }

        Client.Turn(100);
    }

    private void PublishByClock(ref long due)
    {
        var wait = due - Stopwatch.GetTimestamp();
        if (wait <= 0)
        {
            Publish();
            due += (long)(Stopwatch.Frequency / Job.PerSecond);
        }

        Client.Turn((int)Math.Max(0, wait * 1000 / Stopwatch.Frequency));
    }

    /// <summary>Each is a write of its own, as a client's is that does not know of the next.</summary>
    private void Publish()
    {
        _left[_sent % _left.Length] = Job.Clients;
        _sentAt[_sent % _left.Length] = Stopwatch.GetTimestamp();
        Client.Send(_publisher!, _text.Frame(_sent++));
    }
}
