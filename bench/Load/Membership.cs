namespace ChannelsNet.Bench.Load;

/// <summary>How one client stands to one group.</summary>
internal struct Membership
{
    private const long None = -1;

    /// <summary>The next number that is to come; <see cref="None"/> before the first has.</summary>
    private long _next;

    /// <summary>The first number that was sent after the server had said that the client is a member.</summary>
    private long _from;

    public int Group { get; private set; }

    /// <summary>Whether the server has said that the client is a member, and it has not asked to leave.</summary>
    public bool Holds { get; private set; }

    public static Membership Joining(int group) => new() { Group = group, _next = None };

    /// <summary>The server says that the client is a member.</summary>
    /// <param name="next">The number that the group's next message will have.</param>
    public void Confirm(long next) => (Holds, _from) = (true, next);

    public void Leave() => Holds = false;

    /// <summary>A number has come.</summary>
    /// <returns>How many before it have not; below 0 if it has come before or later ones have.</returns>
    public long Add(long number)
    {
        // Before the first has come: whoever is a member must get what was sent after it became one, and may get earlier ones.
        var expected = _next != None ? _next : Holds ? Math.Min(number, _from) : number;
        _next = Math.Max(_next, number + 1);
        return number - expected;
    }

    /// <summary>How many have not come when so many were sent.</summary>
    public readonly long Missing(long sent) => sent - (_next != None ? _next : _from);
}
