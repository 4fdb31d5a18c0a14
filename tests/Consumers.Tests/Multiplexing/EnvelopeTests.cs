using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ChannelsNet.WebSockets;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Multiplexing;

/// <summary>However many sockets a message goes to, it is put into its envelope once.</summary>
public sealed class EnvelopeTests
{
    [Fact]
    public void Streams_of_one_name_share_a_wrapped_message_and_others_do_not()
    {
        var send = WebSocketSend.Text("""{"a":1}""");
        var wrapped = new Envelope("clock").Wrap(send);
        Assert.Equal("""{"stream":"clock","payload":{"a":1}}""", Encoding.UTF8.GetString(wrapped.Payload.Span));
        var other = new Envelope("chat").Wrap(send);
        Assert.Equal("""{"stream":"chat","payload":{"a":1}}""", Encoding.UTF8.GetString(other.Payload.Span));
        Assert.Same(wrapped, new Envelope("clock").Wrap(send));
        Assert.Same(other, new Envelope("chat").Wrap(send));
        Assert.NotSame(wrapped, new Envelope("clock").Wrap(WebSocketSend.Text("""{"a":1}""")));
    }

    [Fact]
    public void Many_at_once_wrap_a_message_once()
    {
        var send = WebSocketSend.Text("1");
        var wrapped = new WebSocketSend[1000];
        Parallel.For(0, wrapped.Length, i => wrapped[i] = new Envelope("clock").Wrap(send));
        Assert.Single(wrapped.Distinct(ReferenceEqualityComparer.Instance));
    }

    [Fact]
    public void A_kind_is_one_of_its_stream()
    {
        var send = WebSocketSend.Text("1") with { Kind = "price" };
        var kind = new Envelope("clock").Wrap(send).Kind;
        Assert.NotNull(kind);
        Assert.Equal(kind, new Envelope("clock").Wrap(WebSocketSend.Text("2") with { Kind = "price" }).Kind);
        Assert.NotEqual(kind, new Envelope("chat").Wrap(send).Kind);
        Assert.NotEqual(kind, new Envelope("clock").Wrap(send with { Kind = "volume" }).Kind);
        Assert.Null(new Envelope("clock").Wrap(WebSocketSend.Text("1")).Kind);
    }

    [Fact]
    public void That_it_has_been_wrapped_changes_nothing_about_a_message()
    {
        var send = WebSocketSend.Text("1");
        var (copy, hash) = (send with { }, send.GetHashCode());
        new Envelope("clock").Wrap(send);
        Assert.Equal(copy, send);
        Assert.Equal(hash, send.GetHashCode());
        Assert.Null((send with { }).Wrapped);
        Assert.Same(send.FrameFor(0), copy.FrameFor(0));
        Assert.NotEqual(send, send with { Kind = "price" });
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(70_000)]
    public void A_wrapped_message_is_a_whole_frame(int length)
    {
        var payload = $"\"{new string('x', length)}\"";
        var frame = new Envelope("clock").Wrap(WebSocketSend.Text(payload)).FrameFor(0);
        var head = WebSocketFrames.ReadHead(frame, out var count);
        Assert.Equal((0x81, WebSocketFrames.HeadLength(count), frame.Length), (frame[0], head, head + count));
        Assert.Equal($$"""{"stream":"clock","payload":{{payload}}}""", Encoding.UTF8.GetString(frame.AsSpan(head)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("1 2")]
    [InlineData("{\"a\":1},\"close\":{}")]
    [InlineData("1}")]
    public void What_is_no_json_is_not_wrapped(string text)
    {
        var envelope = new Envelope("clock");
        Assert.Contains("SendJsonAsync", Assert.Throws<InvalidOperationException>(() => envelope.Wrap(WebSocketSend.Text(text))).Message, StringComparison.Ordinal);
        Assert.Contains("SendJsonAsync", Assert.Throws<InvalidOperationException>(() => envelope.Wrap(WebSocketSend.Bytes("1"u8.ToArray()))).Message, StringComparison.Ordinal);
    }

    private sealed class Clock : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["clock"];

        public Task HandleAsync(Note message) => SendJsonAsync(message);
    }

    private sealed class CountingConverter : JsonConverter<Note>
    {
        private int _writes;

        public int Writes => _writes;

        public override Note Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, Note value, JsonSerializerOptions options)
        {
            Interlocked.Increment(ref _writes);
            writer.WriteStringValue(value.Text);
        }
    }

    [Fact]
    public async Task A_message_that_fifty_sockets_get_under_one_name_is_written_and_wrapped_once()
    {
        var counting = new CountingConverter();
        var multiplexer = new Multiplexer { ["clock"] = Consumer.For<Clock>() };
        await using var server = await TestServer.StartAsync(
            multiplexer, services => services.ConfigureHttpJsonOptions(options => options.SerializerOptions.Converters.Add(counting)));
        var sockets = Enumerable.Range(0, 50).Select(_ => new FakeSocket()).ToArray();
        var running = sockets.Select(socket => socket.RunAsync(multiplexer, server)).ToArray();
        foreach (var socket in sockets)
        {
            await socket.SentAsync("open");
        }

        await server.Layer.GroupSendAsync("clock", new Note("12:00"));
        var sent = new List<WebSocketSend>();
        foreach (var socket in sockets)
        {
            sent.Add(await socket.SentAsync("12:00"));
            socket.Receive(new WebSocketDisconnect(1000));
        }

        Assert.Single(sent.Distinct(ReferenceEqualityComparer.Instance));
        Assert.Equal("""{"stream":"clock","payload":"12:00"}""", Encoding.UTF8.GetString(sent[0].Payload.Span));
        Assert.Equal(1, counting.Writes);
        await Task.WhenAll(running);
    }
}
