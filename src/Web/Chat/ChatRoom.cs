using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace ChannelsNet.Chat;

/// <summary>The rule for the names of rooms: a room is a group, so its name has what a group's may have.</summary>
internal static class ChatRoom
{
    /// <summary>The 99 characters of a group, without "chat_".</summary>
    public const int MaxLength = 94;

    private static readonly SearchValues<char> _allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>Browsers take "." and ".." in a path for another path, so these can't be rooms.</summary>
    public static bool IsName([NotNullWhen(true)] string? name) =>
        name is { Length: > 0 and <= MaxLength } and not ("." or "..") && !name.AsSpan().ContainsAnyExcept(_allowed);
}
