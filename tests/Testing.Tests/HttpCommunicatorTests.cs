using System.Text;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet;

public sealed class HttpCommunicatorTests
{
    private readonly TestChannels _channels = TestChannels.Create();

    /// <summary>Serves requests by a delegate that gets the whole body.</summary>
    private sealed class Serves(Func<Scope, string, IConnection, Task> serve) : IApplication
    {
        public async Task RunAsync(Scope scope, IConnection connection)
        {
            var body = new StringBuilder();
            HttpRequestBody part;
            do
            {
                part = (HttpRequestBody)await connection.ReceiveAsync();
                body.Append(Encoding.UTF8.GetString(part.Bytes.Span));
            }
            while (!part.IsLast);

            await serve(scope, body.ToString(), connection);
        }
    }

    private static HttpResponseBody Part(string text, bool isLast = true) => new(Encoding.UTF8.GetBytes(text), isLast);

    private static readonly Serves _echo = new(async (scope, body, connection) =>
    {
        await connection.SendAsync(new HttpResponseStart(201, new HeaderDictionary { ["x-method"] = scope.Method, ["x-length"] = $"{scope.Headers.ContentLength}" }));
        await connection.SendAsync(Part($"{{\"path\":\"{scope.Path}\",", isLast: false));
        await connection.SendAsync(Part($"\"body\":\"{body}\"}}", isLast: false));
        await connection.SendAsync(Part(""));
    });

    private sealed record Echoed(string Path, string Body);

    [Fact] // CH-194, CH-204
    public async Task The_response_has_its_status_its_headers_and_all_parts_of_its_body()
    {
        await using var client = _channels.Http(_echo, "post", "/tea/?cups=2", "green"u8.ToArray());
        var answer = await client.GetResponseAsync();
        Assert.Equal((201, "POST", "5"), (answer.Status, answer.Headers["x-method"].ToString(), answer.Headers["x-length"].ToString()));
        Assert.Equal("""{"path":"/tea/","body":"green"}""", answer.Text);
        Assert.Equal(new Echoed("/tea/", "green"), answer.ReadJson<Echoed>());
        await client.WaitAsync();
        Assert.Contains("another communicator", (await Assert.ThrowsAsync<InvalidOperationException>(client.GetResponseAsync)).Message, StringComparison.Ordinal);
    }

    [Fact] // CH-195
    public async Task The_body_of_a_request_can_come_in_parts()
    {
        await using var client = _channels.Http(_echo, "PUT", "/");
        await client.SendBodyAsync("green "u8.ToArray());
        await client.ReceiveNothingAsync();
        await client.SendBodyAsync("tea"u8.ToArray(), isLast: true);
        Assert.Equal("green tea", (await client.GetResponseAsync()).ReadJson<Echoed>().Body);
        await Assert.ThrowsAsync<InvalidOperationException>(() => client.SendBodyAsync("more"u8.ToArray()));
    }

    [Fact]
    public async Task The_parts_of_a_response_come_as_they_are_sent_until_the_client_leaves()
    {
        var left = false;
        var stream = new Serves(async (_, _, connection) =>
        {
            await connection.SendAsync(new HttpResponseStart(200, new HeaderDictionary { ["content-type"] = "text/event-stream" }));
            await connection.SendAsync(Part("data: 1\n\n", isLast: false));
            left = await connection.ReceiveAsync() is HttpDisconnect;
            await connection.SendAsync(Part("data: nobody hears it\n\n", isLast: false));
        });
        await using var client = _channels.Http(stream, "GET", "/events/");
        Assert.Equal("text/event-stream", (await client.ReceiveStartAsync()).Headers!.ContentType);
        Assert.Equal("data: 1\n\n", await client.ReceiveTextAsync());
        await client.ReceiveNothingAsync();
        await client.DisconnectAsync();
        Assert.True(left);
        await client.ReceiveNothingAsync();
        Assert.Contains("has left", (await Assert.ThrowsAsync<InvalidOperationException>(client.ReceiveTextAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_is_a_response()
    {
        var refuses = new Serves(async (_, _, connection) =>
            await connection.SendAsync(new Refusal(429, "Later.") { Headers = new HeaderDictionary { ["Retry-After"] = "10" } }));
        await using var client = _channels.Http(refuses, "GET", "/");
        var answer = await client.GetResponseAsync();
        Assert.Equal((429, "Later.", "10"), (answer.Status, answer.Text, answer.Headers["Retry-After"].ToString()));
    }

    [Fact] // CH-203
    public async Task An_application_that_answers_nothing_has_answered_500_and_one_that_stops_has_ended_its_response()
    {
        await using var silent = _channels.Http(new Serves((_, _, _) => Task.CompletedTask), "GET", "/");
        Assert.Equal(500, (await silent.GetResponseAsync()).Status);

        await using var stops = _channels.Http(new Serves(async (_, _, connection) =>
        {
            await connection.SendAsync(new HttpResponseStart());
            await connection.SendAsync(Part("all", isLast: false));
        }), "GET", "/");
        Assert.Equal("all", (await stops.GetResponseAsync()).Text);
    }

    [Fact] // CH-204
    public async Task An_application_is_held_to_the_rules_of_a_response()
    {
        await using var early = _channels.Http(new Serves((_, _, connection) => connection.SendAsync(Part("x")).AsTask()), "GET", "/");
        Assert.Contains("has not begun", (await Assert.ThrowsAsync<InvalidOperationException>(early.GetResponseAsync)).Message, StringComparison.Ordinal);

        await using var twice = _channels.Http(new Serves(async (_, _, connection) =>
        {
            await connection.SendAsync(new HttpResponseStart());
            await connection.SendAsync(new HttpResponseStart());
        }), "GET", "/");
        await twice.ReceiveStartAsync();
        Assert.Contains("has begun already", (await Assert.ThrowsAsync<InvalidOperationException>(twice.ReceivePartAsync)).Message, StringComparison.Ordinal);

        await using var other = _channels.Http(new Serves((_, _, connection) => connection.SendAsync(new WebSocketAccept()).AsTask()), "GET", "/");
        await Assert.ThrowsAsync<InvalidOperationException>(other.GetResponseAsync);
    }

    [Fact] // CH-197
    public async Task What_is_thrown_is_a_500_to_the_client_or_a_response_broken_off()
    {
        var breaks = new Serves(async (scope, _, connection) =>
        {
            if (scope.Path == "/late/")
            {
                await connection.SendAsync(new HttpResponseStart());
            }

            throw new InvalidDataException("broken");
        });
        await using var raised = _channels.Http(breaks, "GET", "/");
        await Assert.ThrowsAsync<InvalidDataException>(raised.GetResponseAsync);

        await using var early = _channels.Http(breaks, "GET", "/");
        early.RaiseFaults = false;
        Assert.Equal(500, (await early.GetResponseAsync()).Status);

        await using var late = _channels.Http(breaks, "GET", "/late/");
        late.RaiseFaults = false;
        var fault = await Assert.ThrowsAsync<UnexpectedEventException>(late.GetResponseAsync);
        Assert.Equal("Expected a part of the response; got the response broken off.", fault.Message);
    }
}
