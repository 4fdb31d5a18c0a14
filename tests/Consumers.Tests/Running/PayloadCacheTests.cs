using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ChannelsNet.Running;

public sealed class PayloadCacheTests
{
    private static readonly Func<object?, Encoding, Type, WebSocketSend> _writeText = static (value, _, _) => WebSocketSend.Text((string)value!);

    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    private readonly Note _message = new("hello");

    private static WebSocketSend WriteJson(object? value, JsonSerializerOptions options, Type type) =>
        WebSocketSend.Text(JsonSerializer.SerializeToUtf8Bytes(value, options.GetTypeInfo(type)));

    private static string TextOf(WebSocketSend send) => Encoding.UTF8.GetString(send.Payload.Span);

    private WebSocketSend InGenericMethod<TAny>(TAny any) =>
        PayloadCache.OfView(_message, static note => $"{typeof(TAny)} of {note.Text}", _json, WriteJson);

    private static string View(Note note) => $"view of {note.Text}";

    [Fact]
    public void The_same_string_in_the_same_format_has_one_payload()
    {
        var writes = 0;
        WebSocketSend Write(object? value, Encoding format, Type type)
        {
            writes++;
            return WebSocketSend.Text((string)value!);
        }

        Func<object?, Encoding, Type, WebSocketSend> write = Write;
        var first = PayloadCache.OfText(_message, _message.Text, Encoding.UTF8, typeof(string), write);
        Assert.Same(first, PayloadCache.OfText(_message, _message.Text, Encoding.UTF8, typeof(string), write));
        Assert.Equal(typeof(Note), first.Kind);
        Assert.Equal(1, writes);

        Assert.NotSame(first, PayloadCache.OfText(_message, _message.Text, Encoding.ASCII, typeof(string), write));
        Assert.NotSame(first, PayloadCache.OfText(_message, _message.Text, Encoding.UTF8, typeof(object), write));
        Assert.NotSame(first, PayloadCache.OfText(_message, string.Concat("hel", "lo".ToLowerInvariant()), Encoding.UTF8, typeof(string), write));
        Assert.NotSame(first, PayloadCache.OfText(new Note("hello"), _message.Text, Encoding.UTF8, typeof(string), write));
        Assert.Same(first, PayloadCache.OfText(_message, _message.Text, Encoding.UTF8, typeof(string), write));
        Assert.Equal(5, writes);
    }

    [Fact]
    public void Two_ways_of_writing_share_no_payload_though_all_else_is_the_same()
    {
        var text = PayloadCache.OfMessage(_message, _json, typeof(Note), static (_, _, _) => WebSocketSend.Text("text"));
        var bytes = PayloadCache.OfMessage(_message, _json, typeof(Note), static (_, _, _) => WebSocketSend.Bytes(new byte[] { 1 }));
        Assert.True(text.IsText);
        Assert.False(bytes.IsText);
    }

    [Fact]
    public void Two_JSON_options_and_two_types_have_payloads_of_their_own()
    {
        var other = new JsonSerializerOptions(_json) { PropertyNamingPolicy = JsonNamingPolicy.KebabCaseUpper };
        Assert.Equal("""{"text":"hello"}""", TextOf(PayloadCache.OfMessage(_message, _json, typeof(Note), WriteJson)));
        Assert.Equal("""{"TEXT":"hello"}""", TextOf(PayloadCache.OfMessage(_message, other, typeof(Note), WriteJson)));
        Assert.Equal("{}", TextOf(PayloadCache.OfMessage(_message, _json, typeof(Message), WriteJson)));
        Assert.Equal("""{"text":"hello"}""", TextOf(PayloadCache.OfMessage(_message, _json, typeof(object), WriteJson)));
    }

    [Fact]
    public void A_view_that_captures_nothing_is_made_once()
    {
        Func<Note, string> lambda = static note => $"lambda of {note.Text}";
        var made = PayloadCache.OfView(_message, lambda, _json, WriteJson);
        Assert.Equal("\"lambda of hello\"", TextOf(made));
        Assert.Same(made, PayloadCache.OfView(_message, lambda, _json, WriteJson));
        Assert.NotSame(made, PayloadCache.OfView(new Note("hello"), lambda, _json, WriteJson));

        // The type is a part of the key: the same delegate can be a view of a less derived type.
        Assert.NotSame(made, PayloadCache.OfView<Note, object, JsonSerializerOptions, WebSocketSend>(_message, lambda, _json, WriteJson));

        Func<Note, string> method = View;
        Assert.Same(PayloadCache.OfView(_message, method, _json, WriteJson), PayloadCache.OfView(_message, method, _json, WriteJson));
        Assert.Same(InGenericMethod(1), InGenericMethod(2));
    }

    [Fact]
    public void A_view_that_captures_something_is_made_for_each_call_though_it_is_one_delegate()
    {
        var name = "Ann";
        Func<Note, string> captures = note => $"{note.Text} {name}";
        Assert.Equal("\"hello Ann\"", TextOf(PayloadCache.OfView(_message, captures, _json, WriteJson)));
        name = "Bob";
        Assert.Equal("\"hello Bob\"", TextOf(PayloadCache.OfView(_message, captures, _json, WriteJson)));

        var counter = new Counter();
        Assert.Equal("1", TextOf(PayloadCache.OfView<Note, int, JsonSerializerOptions, WebSocketSend>(_message, counter.Next, _json, WriteJson)));
        Func<Note, int> extension = counter.NextByExtension;
        Assert.Equal("2", TextOf(PayloadCache.OfView(_message, extension, _json, WriteJson)));
        Assert.Equal("3", TextOf(PayloadCache.OfView(_message, extension, _json, WriteJson)));
        Assert.Equal("4", TextOf(PayloadCache.OfView(_message, counter.NextByLambda, _json, WriteJson)));

        // Nor does it take the place of one that can be shared.
        for (var i = 0; i < 100; i++)
        {
            PayloadCache.OfView(_message, note => i, _json, WriteJson);
        }

        Func<Note, string> shared = View;
        Assert.Same(PayloadCache.OfView(_message, shared, _json, WriteJson), PayloadCache.OfView(_message, shared, _json, WriteJson));
    }

    [Fact]
    public void Many_at_once_write_each_payload_once()
    {
        var writes = 0;
        WebSocketSend Write(object? value, Encoding format, Type type)
        {
            Interlocked.Increment(ref writes);
            return WebSocketSend.Text((string)value!);
        }

        Func<object?, Encoding, Type, WebSocketSend> write = Write;
        var payloads = new WebSocketSend[1000];
        string[] texts = ["1", "2", "3", "4"];
        Parallel.For(0, payloads.Length, i => payloads[i] = PayloadCache.OfText(_message, texts[i % texts.Length], Encoding.UTF8, typeof(string), write));
        Assert.Equal(texts.Length, writes);
        Assert.Equal(texts.Length, payloads.Distinct(ReferenceEqualityComparer.Instance).Count());
        Assert.All(Enumerable.Range(0, payloads.Length), i => Assert.Equal(texts[i % texts.Length], TextOf(payloads[i])));
    }

    [Fact]
    public void Texts_for_one_client_each_are_not_kept_and_do_not_keep_the_message_out()
    {
        var texts = Enumerable.Range(0, 100).Select(i => $"{i}").ToArray();
        foreach (var text in texts)
        {
            PayloadCache.OfText(_message, text, Encoding.UTF8, typeof(string), _writeText);
        }

        var kept = texts.Count(text =>
            PayloadCache.OfText(_message, text, Encoding.UTF8, typeof(string), _writeText)
            == PayloadCache.OfText(_message, text, Encoding.UTF8, typeof(string), _writeText));
        Assert.Equal(4, kept);
        Assert.Same(
            PayloadCache.OfMessage(_message, _json, typeof(Note), WriteJson), PayloadCache.OfMessage(_message, _json, typeof(Note), WriteJson));
    }

    [Fact]
    public async Task While_one_payload_is_written_another_of_the_same_message_is_written_too()
    {
        using var gate = new ManualResetEventSlim();
        Func<object?, Encoding, Type, WebSocketSend> waits = (value, _, _) =>
        {
            Assert.True(gate.Wait(TestServer.Patience));
            return WebSocketSend.Text((string)value!);
        };
        var first = Task.Run(() => PayloadCache.OfText(_message, "first", Encoding.UTF8, typeof(string), waits));
        foreach (var text in (string[])["1", "2", "3", "4", "5", "6"])
        {
            await Task.Run(() => PayloadCache.OfText(_message, text, Encoding.UTF8, typeof(string), _writeText)).WaitAsync(TestServer.Patience);
        }

        Assert.False(first.IsCompleted);
        gate.Set();
        await first;
    }

    [Fact]
    public async Task When_writing_throws_each_caller_gets_the_exception_and_a_later_one_can_succeed()
    {
        var calls = 0;
        using var gate = new ManualResetEventSlim();
        Func<object?, Encoding, Type, WebSocketSend> write = (value, _, _) =>
        {
            Assert.True(gate.Wait(TestServer.Patience));
            return Interlocked.Increment(ref calls) <= 3 ? throw new InvalidOperationException("mine") : WebSocketSend.Text((string)value!);
        };
        var callers = Enumerable.Range(0, 4)
            .Select(_ => Task.Run(() => PayloadCache.OfText(_message, "text", Encoding.UTF8, typeof(string), write))).ToArray();
        gate.Set();
        var ended = await Task.WhenAll(callers.Select(async caller => await ((Task)caller).WaitAsync(TestServer.Patience).ContinueWith(
            task => task.Exception?.InnerException?.Message, TaskScheduler.Default)));
        Assert.Equal([null, "mine", "mine", "mine"], ended.Order());
        Assert.Same(
            await callers.Single(caller => caller.IsCompletedSuccessfully),
            PayloadCache.OfText(_message, "text", Encoding.UTF8, typeof(string), write));
    }

    [Fact]
    public async Task Two_writers_that_need_each_other_s_payload_do_not_wait_for_good()
    {
        using var both = new Barrier(2);
        using var depth = new ThreadLocal<int>();
        Func<object?, Encoding, Type, WebSocketSend> write = null!;
        write = (value, format, type) =>
        {
            if (depth.Value++ == 0)
            {
                Assert.True(both.SignalAndWait(TestServer.Patience));
                PayloadCache.OfText(_message, (string)value! == "one" ? "other" : "one", format, type, write);
            }

            return WebSocketSend.Text((string)value!);
        };
        var payloads = await Task.WhenAll(
            Task.Run(() => PayloadCache.OfText(_message, "one", Encoding.UTF8, typeof(string), write)),
            Task.Run(() => PayloadCache.OfText(_message, "other", Encoding.UTF8, typeof(string), write))).WaitAsync(TestServer.Patience);
        Assert.Equal(["one", "other"], payloads.Select(TextOf));
    }

    [Fact]
    public void A_message_is_about_its_type()
    {
        Assert.Equal(typeof(Note), PayloadCache.KindOf(new Note("hello")));
        Assert.Equal(PayloadCache.KindOf(new Note("hello")), PayloadCache.KindOf(new Note("bye")));
    }

    private sealed record Longer(string Text, int Number) : Message;

    [Fact]
    public void That_it_has_been_sent_changes_nothing_about_a_message()
    {
        var (sent, fresh) = (new Longer("hello", 7), new Longer("hello", 7));
        var (hash, text) = (sent.GetHashCode(), sent.ToString());
        var payload = PayloadCache.OfMessage(sent, _json, typeof(Longer), WriteJson);
        Assert.NotNull(sent.Payloads);
        Assert.Equal(fresh, sent);
        Assert.Equal(sent, fresh);
        Assert.Equal(hash, sent.GetHashCode());
        Assert.Equal(fresh.GetHashCode(), sent.GetHashCode());
        Assert.Equal("Longer { Text = hello, Number = 7 }", text);
        Assert.Equal(text, sent.ToString());
        Assert.Equal("""{"Text":"hello","Number":7}""", JsonSerializer.Serialize(sent));

        var (copy, changed) = (sent with { }, sent with { Text = "bye" });
        Assert.Null(copy.Payloads);
        Assert.Null(changed.Payloads);
        Assert.Equal(sent, copy);
        Assert.NotEqual(sent, changed);
        Assert.NotEqual<Message>(new Note("hello"), sent);
        Assert.NotSame(payload, PayloadCache.OfMessage(copy, _json, typeof(Longer), WriteJson));
    }
}

internal sealed class Counter
{
    private int _count;

    public Func<Note, int> NextByLambda => _ => ++_count;

    public int Next(Note note) => ++_count;
}

internal static class CounterExtensions
{
    public static int NextByExtension(this Counter counter, Note note) => counter.Next(note);
}
