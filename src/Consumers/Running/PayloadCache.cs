using System.Runtime.CompilerServices;

namespace ChannelsNet.Running;

/// <summary>
/// The payloads that one message has been serialized to. All consumers of a process that handle a message get the same object: the first to send it
/// writes the payload, and the others find it here for as long as the message lives.
/// </summary>
/// <remarks>
/// <para>It holds only what cannot differ between two sends: payloads of the message itself, of strings, and of views that capture nothing. Any other
/// object can be changed between two sends, or filled for each client, so its payload is written for each send.</para>
/// <para>Readers take no lock. An entry is added by compare-and-swap and written under a lock of its own, so each payload is written once, and payloads
/// that get no entry, such as texts for one client each, are written in parallel.</para>
/// </remarks>
internal sealed class PayloadCache
{
    /// <summary>The most entries of one list: there can be a text for each client, of no use to the others.</summary>
    private const int MaxEntries = 4;

    // The newest entry of each list. The lists are separate so that texts for one client each do not fill up the place of the message itself.
    private Entry? _ofMessage;
    private Entry? _ofTexts;
    private Entry? _ofViews;

    /// <summary>Gets the payload of a message in a format, or writes it.</summary>
    /// <param name="message">The message.</param>
    /// <param name="format">The serializer, or its options. Part of the key.</param>
    /// <param name="type">The type as which the message is written. Part of the key.</param>
    /// <param name="write">Writes the payload. Part of the key, so it is a static method or lambda.</param>
    public static TPayload OfMessage<TFormat, TPayload>(Message message, TFormat format, Type type, Func<object?, TFormat, Type, TPayload> write)
        where TFormat : class
        where TPayload : class
    {
        var cache = Of(message);
        return TryFind<TPayload>(cache._ofMessage, message, format, type, write) ?? Get(
            ref cache._ofMessage, new(message, format, type, write), message, (message, format, type, write), static given =>
                given.write(given.message, given.format, given.type));
    }

    /// <summary>Gets the payload of a text that is sent while a message is handled, or writes it.</summary>
    /// <param name="message">The message that is handled.</param>
    /// <param name="text">The text. Part of the key, by reference.</param>
    /// <param name="format">As in <see cref="OfMessage"/>.</param>
    /// <param name="type">As in <see cref="OfMessage"/>.</param>
    /// <param name="write">As in <see cref="OfMessage"/>.</param>
    public static TPayload OfText<TFormat, TPayload>(
        Message message, string text, TFormat format, Type type, Func<object?, TFormat, Type, TPayload> write)
        where TFormat : class
        where TPayload : class
    {
        var cache = Of(message);
        return TryFind<TPayload>(cache._ofTexts, text, format, type, write) ?? Get(
            ref cache._ofTexts, new(text, format, type, write), message, (text, format, type, write), static given =>
                given.write(given.text, given.format, given.type));
    }

    /// <summary>
    /// Gets the payload of a view, or makes the view of the message and writes it. A view that captures something can return another value each time, so it
    /// is made and written for each call.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="view">Makes a value of the message. Part of the key, by reference.</param>
    /// <param name="format">As in <see cref="OfMessage"/>.</param>
    /// <param name="write">As in <see cref="OfMessage"/>.</param>
    public static TPayload OfView<TMessage, TValue, TFormat, TPayload>(
        TMessage message, Func<TMessage, TValue> view, TFormat format, Func<object?, TFormat, Type, TPayload> write)
        where TMessage : Message
        where TFormat : class
        where TPayload : class
    {
        var cache = Of(message);
        if (TryFind<TPayload>(cache._ofViews, view, format, typeof(TValue), write) is { } found)
        {
            return found;
        }

        return CapturesNothing(view)
            ? Get(ref cache._ofViews, new(view, format, typeof(TValue), write), message, (message, view, format, write), static given =>
                given.write(given.view(given.message), given.format, typeof(TValue)))
            : About(write(view(message), format, typeof(TValue)), message);
    }

    /// <summary>Gets what a message is about: its type.</summary>
    public static object KindOf(Message message) => message is UntypedMessage untyped ? untyped.Type : message.GetType();

    /// <summary>
    /// Whether a delegate has no state. A static method has no target. For a lambda without captured variables the compiler makes one object of a class named
    /// "&lt;&gt;c" (in a generic method "&lt;&gt;c__0"), for captured variables one of "&lt;&gt;c__DisplayClass0_0". Every other target counts as state.
    /// </summary>
    private static bool CapturesNothing(Delegate view) =>
        view.Target?.GetType().Name is not { } target
        || target == "<>c"
        || (target.StartsWith("<>c__", StringComparison.Ordinal) && !target.StartsWith("<>c__DisplayClass", StringComparison.Ordinal));

    private static PayloadCache Of(Message message)
    {
        if (message.Payloads is PayloadCache cache)
        {
            return cache;
        }

        var created = new PayloadCache();
        return Interlocked.CompareExchange(ref message.Payloads, created, null) as PayloadCache ?? created;
    }

    /// <summary>Gets a payload that is written already; null if it is not. This is what all consumers but the first do, so it does nothing else.</summary>
    private static TPayload? TryFind<TPayload>(Entry? newest, object value, object format, Type type, Delegate write)
        where TPayload : class =>
        Unsafe.As<TPayload?>(Find(newest, new(value, format, type, write))?.Payload);

    private static TPayload Get<TGiven, TPayload>(ref Entry? newest, Key key, Message message, TGiven given, Func<TGiven, TPayload> write)
        where TPayload : class
    {
        while (true)
        {
            var first = Volatile.Read(ref newest);
            if (Find(first, key) is { } found)
            {
                return found.GetOrWrite(message, given, write);
            }

            if (first?.Position == MaxEntries)
            {
                return About(write(given), message);
            }

            var entry = new Entry(key, first);
            if (Interlocked.CompareExchange(ref newest, entry, first) == first)
            {
                return entry.GetOrWrite(message, given, write);
            }
        }
    }

    private static Entry? Find(Entry? entry, in Key key)
    {
        while (entry is not null && !entry.Has(key))
        {
            entry = entry.Next;
        }

        return entry;
    }

    /// <summary>What waits for a WebSocket says what it is about (<see cref="WhenFull.KeepLatest"/>).</summary>
    private static TPayload About<TPayload>(TPayload payload, Message message)
        where TPayload : class =>
        payload is WebSocketSend send ? (TPayload)(object)(send with { Kind = KindOf(message) }) : payload;

    /// <summary>Everything that a payload depends on, compared by reference.</summary>
    private readonly record struct Key(object Value, object Format, Type Type, Delegate Write);

    private sealed class Entry(Key key, Entry? next)
    {
        /// <summary>
        /// A serializer or a view that waits for somebody who waits for it must not block the clients for good: after this time a consumer writes the payload
        /// for itself.
        /// </summary>
        private static readonly TimeSpan _patience = TimeSpan.FromSeconds(1);

        private readonly Lock _writing = new();
        private object? _payload;

        /// <summary>Null until it is written.</summary>
        public object? Payload => Volatile.Read(ref _payload);

        public Entry? Next { get; } = next;

        /// <summary>1 for the oldest entry of a list.</summary>
        public int Position { get; } = (next?.Position ?? 0) + 1;

        public bool Has(in Key other) => ReferenceEquals(key.Value, other.Value) && ReferenceEquals(key.Write, other.Write)
            && ReferenceEquals(key.Format, other.Format) && ReferenceEquals(key.Type, other.Type);

        /// <summary>Gets the payload; the first caller writes it while the others wait. After an exception the next one tries.</summary>
        public TPayload GetOrWrite<TGiven, TPayload>(Message message, TGiven given, Func<TGiven, TPayload> write)
            where TPayload : class
        {
            if (Payload is { } written)
            {
                return (TPayload)written;
            }

            var isOwner = _writing.TryEnter(_patience);
            try
            {
                if (_payload is { } writtenMeanwhile)
                {
                    return (TPayload)writtenMeanwhile;
                }

                var payload = About(write(given), message);
                return (TPayload)(Interlocked.CompareExchange(ref _payload, payload, null) ?? payload);
            }
            finally
            {
                if (isOwner)
                {
                    _writing.Exit();
                }
            }
        }
    }
}
