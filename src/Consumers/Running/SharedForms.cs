namespace ChannelsNet.Running;

/// <summary>
/// The forms in which one message has been written for clients. All consumers of a process that handle a message get the same object; the first
/// to send something of it writes it, the others find it here, for as long as the message lives.
/// </summary>
internal sealed class SharedForms
{
    /// <summary>More than these are not kept: they are made for one client each, and there may be any number of clients.</summary>
    private const int Most = 4;

    private Form? _first;

    /// <summary>The form of a value in a format, written now if it has not been. At once for one caller only.</summary>
    /// <param name="message">The message that is passed on.</param>
    /// <param name="value">What is written: the message itself, or some object of it.</param>
    /// <param name="format">What it is written by; two are the same if they are the same object.</param>
    /// <param name="type">The type as which it is written.</param>
    /// <param name="write">Writes it.</param>
    public static TForm Get<TFormat, TForm>(Message message, object value, TFormat format, Type type, Func<object, TFormat, Type, TForm> write)
        where TFormat : class
        where TForm : class
    {
        var forms = Of(message);
        if (Find<TForm>(Volatile.Read(ref forms._first), value, format, type) is { } found)
        {
            return found;
        }

        lock (forms)
        {
            var first = forms._first;
            if (Find<TForm>(first, value, format, type) is { } other)
            {
                return other;
            }

            var written = About(write(value, format, type), message);
            var place = (first?.Place ?? 0) + 1;
            if (place <= Most)
            {
                Volatile.Write(ref forms._first, new Form(value, format, type, written, place, first));
            }

            return written;
        }
    }

    /// <summary>What a message is about by itself: its type.</summary>
    public static object KindOf(Message message) => message is UntypedMessage untyped ? untyped.Type : message.GetType();

    /// <summary>What waits for a WebSocket says what it is about (<see cref="WhenFull.KeepLatest"/>).</summary>
    private static TForm About<TForm>(TForm written, Message message)
        where TForm : class =>
        written is WebSocketSend send ? (TForm)(object)(send with { Kind = KindOf(message) }) : written;

    private static SharedForms Of(Message message)
    {
        if (message.Written is SharedForms forms)
        {
            return forms;
        }

        var made = new SharedForms();
        return Interlocked.CompareExchange(ref message.Written, made, null) as SharedForms ?? made;
    }

    private static TForm? Find<TForm>(Form? form, object value, object format, Type type)
        where TForm : class
    {
        for (; form is not null; form = form.Next)
        {
            if (ReferenceEquals(form.Value, value) && ReferenceEquals(form.Format, format) && form.Type == type && form.Written is TForm written)
            {
                return written;
            }
        }

        return null;
    }

    private sealed record Form(object Value, object Format, Type Type, object Written, int Place, Form? Next);
}
