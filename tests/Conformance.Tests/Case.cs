using ChannelsNet.Conformance.Peers;

namespace ChannelsNet.Conformance;

/// <summary>One case of Autobahn's suite: what a client sends, and what has to happen.</summary>
/// <param name="Id">Its number there.</param>
internal sealed record Case(string Id)
{
    /// <summary>What the client sends, and what it waits for in between. Made only when the case runs: some are large.</summary>
    public required Func<IReadOnlyList<Step>> Steps { get; init; }

    /// <summary>What comes back, in words, before the end.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    /// <summary>How it ends.</summary>
    public required End End { get; init; }
}

/// <summary>How a case ends: always by the close frames of both sides, after which the server ends the connection.</summary>
/// <param name="ByClient">Whether the client closes once all has come back; if not, it has closed already, or the server has to.</param>
/// <param name="Codes">The codes that the server may close with.</param>
internal sealed record End(bool ByClient, params IReadOnlyList<int> Codes)
{
    public static End Clean { get; } = new(true, 1000);

    public static End ProtocolError { get; } = new(false, 1002);

    public static End InvalidText { get; } = new(false, 1007);

    /// <summary>The client's own close, among its steps, is answered with one of these.</summary>
    public static End Answered(params IReadOnlyList<int> codes) => new(false, codes);
}

/// <summary>Something that the client does.</summary>
/// <param name="Bytes">What it writes.</param>
/// <param name="Chop">In how many bytes at a time; 0 together with the steps before and after.</param>
/// <param name="Event">What it waits for then, in words; null for nothing.</param>
internal sealed record Step(byte[] Bytes, int Chop = 0, string? Event = null)
{
    /// <summary>By itself, neither cut nor together with others.</summary>
    public const int Frame = int.MaxValue;

    public static Step Send(Opcode opcode, byte[] payload, bool final = true, int reserved = 0, int chop = 0) =>
        new(ClientFrame.Create(opcode, payload, final, reserved), chop);

    public static Step Send(Opcode opcode, string payload = "", bool final = true, int reserved = 0, int chop = 0) =>
        Send(opcode, System.Text.Encoding.UTF8.GetBytes(payload), final, reserved, chop);

    public static Step Await(string happening) => new([], Frame, happening);
}
