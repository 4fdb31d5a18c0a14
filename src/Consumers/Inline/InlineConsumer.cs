using ChannelsNet.Inline;
using ChannelsNet.Running;
using ChannelsNet.WebSockets;

namespace ChannelsNet;

/// <summary>
/// A <see cref="WebSocketConsumer"/> without a class, for small cases: a delegate for each event. It never changes; each method returns one that has
/// the delegate too. Services are found in <c>socket.Scope.Services</c>, which is of that connection. What keeps something between two events is
/// better a class.
/// </summary>
/// <example>
/// <code>
/// ["upper/"] = new InlineConsumer().OnText((socket, text) => socket.SendTextAsync(text.ToUpperInvariant())),
/// ["clock/"] = new InlineConsumer().Groups("clock").On&lt;Tick&gt;((socket, tick) => socket.SendJsonAsync(tick)),
/// </code>
/// </example>
public sealed class InlineConsumer : IApplication, ICheckedAtStart
{
    private readonly InlineHandlers _handlers;
    private ConsumerApplication<InlineWebSocketConsumer>? _application;

    /// <summary>A consumer that accepts every client and passes over what it sends.</summary>
    public InlineConsumer()
        : this(new InlineHandlers())
    {
    }

    private InlineConsumer(InlineHandlers handlers) => _handlers = handlers;

    // Made when it is first needed, not for each step on the way; that two threads make it twice would make no difference.
    private ConsumerApplication<InlineWebSocketConsumer> Application => _application ??= new([_handlers], _handlers.Layer);

    /// <inheritdoc/>
    public Task RunAsync(Scope scope, IConnection connection) => Application.RunAsync(scope, connection);

    /// <summary>Groups that it is a member of from before the connection is accepted until its end, beside those it has already.</summary>
    public InlineConsumer Groups(params IEnumerable<string> groups) => new(_handlers with { Groups = _handlers.Groups.AddRange(groups) });

    /// <summary>The channel layer that it is on, as <see cref="ChannelLayerAttribute"/> says for a class. Default: the default layer.</summary>
    public InlineConsumer Layer(string name) => new(_handlers with { Layer = name });

    /// <summary>A client asks for a WebSocket. The delegate accepts it or refuses it. Default: accepts it.</summary>
    /// <exception cref="InvalidOperationException">There is one already; the same goes for the others.</exception>
    public InlineConsumer OnConnect(Func<InlineSocket, Task> handler) => new(_handlers with { Connect = Once(_handlers.Connect, handler) });

    /// <summary>A text message has come. Default: it is passed over.</summary>
    public InlineConsumer OnText(Func<InlineSocket, string, Task> handler) => new(_handlers with { Text = Once(_handlers.Text, handler) });

    /// <summary>A binary message has come. Default: it is passed over, or with <see cref="OnJson"/> closes with 1003.</summary>
    public InlineConsumer OnBytes(Func<InlineSocket, ReadOnlyMemory<byte>, Task> handler) => new(_handlers with { Bytes = Once(_handlers.Bytes, handler) });

    /// <summary>
    /// A text message has come, of JSON of one shape, which is read by the host's JSON options (<c>ConfigureHttpJsonOptions</c>). Anything else closes
    /// with 1003 and the reason. It takes the place of <see cref="OnText"/>.
    /// </summary>
    /// <typeparam name="TInput">The shape.</typeparam>
    public InlineConsumer OnJson<TInput>(Func<InlineSocket, TInput, Task> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return OnText((socket, text) => JsonInput.TryRead<TInput>(text, socket.Json, out var input, out var fault)
            ? handler(socket, input)
            : socket.CloseAsync(1003, fault)).WithNotBytes(JsonInput.NotBytes<TInput>());
    }

    /// <summary>The layer has brought a message, as it does to a class with <see cref="IHandle{TMessage}"/>.</summary>
    /// <typeparam name="TMessage">The type of message; a base type takes all that derive from it and have no delegate of their own.</typeparam>
    public InlineConsumer On<TMessage>(Func<InlineSocket, TMessage, Task> handler)
        where TMessage : Message
    {
        ArgumentNullException.ThrowIfNull(handler);
        return _handlers.Messages.ContainsKey(typeof(TMessage))
            ? throw Twice($"messages of type {typeof(TMessage).Name}")
            : new(_handlers with
            {
                Messages = _handlers.Messages.Add(typeof(TMessage), (socket, message) => handler(socket, (TMessage)message)),
            });
    }

    /// <summary>
    /// The WebSocket has ended, in whatever way, and has left its groups already. The delegate gets the code: the client's or the server's close code,
    /// 1005 for none, 1006 for a broken or refused connection. Default: nothing.
    /// </summary>
    public InlineConsumer OnDisconnect(Func<InlineSocket, int, Task> handler) =>
        new(_handlers with { Disconnect = Once(_handlers.Disconnect, handler) });

    /// <inheritdoc/>
    public override string ToString() => nameof(InlineConsumer);

    string? ICheckedAtStart.Protocol => Scope.WebSocket;

    IEnumerable<string> ICheckedAtStart.Faults(IServiceProvider services) =>
        HandledMessages.Faults($"An {nameof(InlineConsumer)}", _handlers.Messages.Keys, services).Concat(Application.Faults(services));

    private InlineConsumer WithNotBytes(string fault) => new(_handlers with { NotBytes = fault });

    private static THandler Once<THandler>(THandler? before, THandler handler)
        where THandler : Delegate
    {
        ArgumentNullException.ThrowIfNull(handler);
        return before is null ? handler : throw Twice("this event");
    }

    private static InvalidOperationException Twice(string what) => new(
        $"There is a delegate for {what} already, and only one is called. Write it once; OnText and OnJson both take text messages.");
}
