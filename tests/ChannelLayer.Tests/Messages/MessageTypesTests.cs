namespace ChannelsNet.Messages;

public sealed class MessageTypesTests
{
    [Fact]
    public async Task An_untyped_message_goes_to_the_handler_of_untyped_messages()
    {
        var handler = new Gateway();
        var message = Samples.Untyped(("a", 1));
        await Samples.Types.Require(message).Handle(handler, message)!;
        Assert.Same(message, handler.Last);
    }

    [Fact]
    public void An_untyped_message_is_not_handled_by_who_takes_another() =>
        Assert.Null(Samples.Types.Require(Samples.Untyped()).Handle(new ChatOnly(), Samples.Untyped()));

    [Fact]
    public void Untyped_messages_are_known_without_a_line_for_them() => Assert.NotNull(new MessageTypes([]).Find(typeof(UntypedMessage)));

    private sealed class Gateway : IHandle<UntypedMessage>
    {
        public Message? Last { get; private set; }

        public Task HandleAsync(UntypedMessage message)
        {
            Last = message;
            return Task.CompletedTask;
        }
    }

    private sealed class ChatOnly : IHandle<Chat>
    {
        public Task HandleAsync(Chat message) => Task.CompletedTask;
    }
}
