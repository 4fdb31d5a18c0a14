using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace ChannelsNet.Bench.Load;

/// <summary>
/// Many clients in many groups each, with a steady stream of messages, and memberships that change all the time. Every member is to get every message of its
/// groups, once and in order.
/// </summary>
internal sealed class Soak : Work
{
    // Of the last numbers of each group: when they were sent.
    private const int Remembered = 64;

    private static readonly long _patience = 20 * Stopwatch.Frequency;

    // Always the same changes.
    private readonly Random _random = new(1);
    private readonly Membership[] _memberships;
    private readonly int[] _changing;
    private readonly long[] _sent;
    private readonly long[] _sentAt;

    private Connection[] _clients = [];
    private Connection? _publisher;
    private int _unconfirmed;
    private long _most;
    private long _changes;
    private long _lost;
    private long _disorder;

    public Soak(LoadJob job)
        : base(job)
    {
        _memberships = new Membership[job.Clients * job.GroupsEach];
        _changing = new int[job.Clients];
        Array.Fill(_changing, -1);
        _sent = new long[job.Groups];
        _sentAt = new long[job.Groups * Remembered];
    }

    private Span<Membership> MembershipsOf(int client) => _memberships.AsSpan(client * Job.GroupsEach, Job.GroupsEach);

    public override LoadResult Run()
    {
        _clients = Client.OpenAll(Job.Clients, Job.Ports, Role.Soak);
        _publisher = Client.OpenAll(1, Job.Ports, Role.Soak)[0];
        JoinAll();
        var started = Stopwatch.GetTimestamp();
        var (publishAt, changeAt, lookAt, before) = (started, started, started, 0L);
        Measurement.Run(
            () =>
            {
                Every(ref publishAt, Job.PerSecond, Publish);
                Every(ref changeAt, Job.ChangesPerSecond, Change);
                Every(ref lookAt, 0.2, () => _most = Math.Max(_most, Processes.Kilobytes(Job.Processes)));
                Client.Turn(1);
            },
            () =>
            {
                Settle();
                before = Processes.Collected(Job.Ports, Job.Processes);
                publishAt = changeAt = lookAt = Stopwatch.GetTimestamp();
                _most = 0;
            });
        var missing = Settle();
        var result = Measurement.Result(Fault(missing));
        return result with
        {
            Changes = _changes,
            Megabytes = [before / 1024.0, Processes.Collected(Job.Ports, Job.Processes) / 1024.0, _most / 1024.0],
        };
    }

    public override void Received(Connection connection, ReadOnlySpan<byte> message, long now)
    {
        if (message[0] is (byte)'+' or (byte)'-')
        {
            Confirmed(connection.Number, message[0] == '+');
            return;
        }

        var (group, number) = Read(message);
        foreach (ref var membership in MembershipsOf(connection.Number))
        {
            if (membership.Group != group)
            {
                continue;
            }

            var ahead = membership.Add(number);
            if (membership.Holds)
            {
                _lost += Math.Max(ahead, 0);
                _disorder += ahead < 0 ? 1 : 0;
                Measurement.Add(_sentAt[(group * Remembered) + (int)(number % Remembered)], now);
            }

            return;
        }

        // It has left the group meanwhile, and this was in its mailbox before.
    }

    /// <summary>Of <c>{"text":"=12 #0000000123"}</c> the 12 and the 123.</summary>
    private static (int Group, long Number) Read(ReadOnlySpan<byte> message)
    {
        var start = message.IndexOf((byte)'=') + 1;
        var end = start + message[start..].IndexOf((byte)' ');
        return (int.Parse(message[start..end], CultureInfo.InvariantCulture), Text.FindNumber(message));
    }

    /// <summary>Does something as often as its rate says.</summary>
    private static void Every(ref long due, double perSecond, Action what)
    {
        if (perSecond > 0 && Stopwatch.GetTimestamp() >= due)
        {
            what();
            due += (long)(Stopwatch.Frequency / perSecond);
        }
    }

    private void JoinAll()
    {
        for (var client = 0; client < Job.Clients; client++)
        {
            var memberships = MembershipsOf(client);
            for (var i = 0; i < memberships.Length; i++)
            {
                // 53 has no divisor in common with the number of groups, so these are different ones.
                memberships[i] = Membership.Joining((client + (i * 53)) % Job.Groups);
            }

            var groups = string.Join(' ', memberships.ToArray().Select(membership => membership.Group));
            Say(client, $"+{groups}");
            while (_unconfirmed > 100)
            {
                Client.Turn(100);
            }
        }

        WaitUntil(() => _unconfirmed == 0);
    }

    /// <summary>A client leaves one of its groups, and joins another when the server has said that it has left.</summary>
    private void Change()
    {
        var client = _random.Next(Job.Clients);
        if (_changing[client] < 0)
        {
            var place = _random.Next(Job.GroupsEach);
            ref var membership = ref MembershipsOf(client)[place];
            membership.Leave();
            _changing[client] = place;
            Say(client, $"-{membership.Group}");
        }
    }

    private void Confirmed(int client, bool isMember)
    {
        _unconfirmed--;
        var memberships = MembershipsOf(client);
        if (!isMember)
        {
            var group = _random.Next(Job.Groups);
            while (memberships.ToArray().Any(membership => membership.Group == group))
            {
                group = (group + 1) % Job.Groups;
            }

            memberships[_changing[client]] = Membership.Joining(group);
            Say(client, $"+{group}");
            return;
        }

        if (_changing[client] >= 0)
        {
            _changes++;
            _changing[client] = -1;
        }

        foreach (ref var membership in memberships)
        {
            if (!membership.Holds)
            {
                membership.Confirm(_sent[membership.Group]);
            }
        }
    }

    private void Say(int client, string text)
    {
        _unconfirmed++;
        Client.Send(_clients[client], Frames.Write(1, Encoding.ASCII.GetBytes(text)));
    }

    private void Publish()
    {
        var group = _random.Next(Job.Groups);
        var number = _sent[group]++;
        _sentAt[(group * Remembered) + (number % Remembered)] = Stopwatch.GetTimestamp();
        Client.Send(_publisher!, Frames.Write(1, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"={group} #{number:D10}"))));
    }

    /// <summary>Waits for what is on its way; how many messages have not come.</summary>
    private long Settle()
    {
        WaitUntil(() => _unconfirmed == 0 && Missing() == 0);
        return Missing();
    }

    private long Missing() => _memberships.Where(membership => membership.Holds).Sum(membership => membership.Missing(_sent[membership.Group]));

    private void WaitUntil(Func<bool> isSo)
    {
        for (var end = Stopwatch.GetTimestamp() + _patience; !isSo() && Stopwatch.GetTimestamp() < end;)
        {
            Client.Turn(100);
        }
    }

    private string? Fault(long missing)
    {
        (long Count, string What)[] faults =
        [
            (_lost, "lost"), (missing, "not come at the end"), (_disorder, "twice or out of order"), (_unconfirmed, "joins and leaves without an answer"),
        ];
        var told = faults.Where(fault => fault.Count > 0).Select(fault => $"{fault.Count:N0} {fault.What}");
        return told.Any() ? string.Join(", ", told) : null;
    }
}
