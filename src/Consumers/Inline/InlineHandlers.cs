using System.Collections.Immutable;

namespace ChannelsNet.Inline;

/// <summary>The delegates of an <see cref="InlineConsumer"/>; null for those that it has not.</summary>
internal sealed record InlineHandlers
{
    public ImmutableArray<string> Groups { get; init; } = [];

    public string? Layer { get; init; }

    public Func<InlineSocket, Task>? Connect { get; init; }

    public Func<InlineSocket, string, Task>? Text { get; init; }

    public Func<InlineSocket, ReadOnlyMemory<byte>, Task>? Bytes { get; init; }

    /// <summary>Why a binary message closes if there is no delegate for it; null if it does not.</summary>
    public string? NotBytes { get; init; }

    public Func<InlineSocket, int, Task>? Disconnect { get; init; }

    public ImmutableDictionary<Type, Func<InlineSocket, Message, Task>> Messages { get; init; } =
        ImmutableDictionary<Type, Func<InlineSocket, Message, Task>>.Empty;

    /// <summary>The delegate for a type of message, or for the nearest type that it derives from; null if there is none.</summary>
    public Func<InlineSocket, Message, Task>? Find(Type type)
    {
        for (var next = type; next is not null; next = next.BaseType)
        {
            if (Messages.TryGetValue(next, out var handler))
            {
                return handler;
            }
        }

        return null;
    }
}
