using System.Buffers;
using System.Runtime.CompilerServices;

namespace ChannelsNet;

/// <summary>
/// The rules for names. A channel whose name holds '!' belongs to one process: the part up to and with the '!' tells which,
/// the rest tells which of its channels.
/// </summary>
internal static class ChannelNames
{
    public const int MaxLength = 99;

    private static readonly SearchValues<char> _allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    public static void RequireChannel(string channel, [CallerArgumentExpression(nameof(channel))] string? parameter = null)
    {
        if (ChannelFault(channel) is { } fault)
        {
            throw new ArgumentException(fault, parameter);
        }
    }

    public static void RequireGroup(string group, [CallerArgumentExpression(nameof(group))] string? parameter = null)
    {
        if (GroupFault(group) is { } fault)
        {
            throw new ArgumentException(fault, parameter);
        }
    }

    /// <summary>What is wrong with a channel's name, in a sentence; null if nothing is.</summary>
    public static string? ChannelFault(string? channel) =>
        IsChannel(channel) ? null : Fault("channel", "with at most one '!', not as the first character", channel);

    /// <summary>What is wrong with a group's name, in a sentence; null if nothing is.</summary>
    public static string? GroupFault(string? group) => IsGroup(group) ? null : Fault("group", "without '!'", group);

    public static bool IsGroup(string? group) => group is { Length: > 0 and <= MaxLength } && !group.AsSpan().ContainsAnyExcept(_allowed);

    /// <summary>A name up to and with its '!', or the whole of one that has none.</summary>
    public static ReadOnlySpan<char> NonLocalPart(ReadOnlySpan<char> channel) => channel[..(channel.IndexOf('!') + 1)] is { Length: > 0 } part ? part : channel;

    private static bool IsChannel(string? channel)
    {
        if (channel is not { Length: > 0 and <= MaxLength })
        {
            return false;
        }

        var rest = channel.AsSpan();
        var bang = rest.IndexOf('!');
        return bang < 0
            ? !rest.ContainsAnyExcept(_allowed)
            : bang > 0 && !rest[..bang].ContainsAnyExcept(_allowed) && !rest[(bang + 1)..].ContainsAnyExcept(_allowed);
    }

    private static string Fault(string kind, string rule, string? name) =>
        $"\"{name}\" is not a {kind} name. Expected 1 to {MaxLength} characters of ASCII letters, digits, '-', '_' and '.', {rule}. "
        + "Characters outside that (of a user's input, say) can be hashed or hex-encoded into a name.";
}
