using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Http;

/// <summary>Answers at once.</summary>
public sealed class GreetingConsumer : HttpConsumer
{
    /// <inheritdoc/>
    protected override Task HandleAsync(ReadOnlyMemory<byte> body) => Scope.Method == "POST"
        ? RespondAsync(200, $"Hello, {Encoding.UTF8.GetString(body.Span)}!")
        : RespondAsync(405);
}

/// <summary>Answers when there is news, or after half a minute that there is none.</summary>
public sealed class NewsConsumer : HttpConsumer, IHandle<Note>
{
    /// <inheritdoc/>
    protected internal override IReadOnlyList<string> Groups => ["news"];

    /// <inheritdoc/>
    protected override Task HandleAsync(ReadOnlyMemory<byte> body) => Task.CompletedTask;

    public Task HandleAsync(Note message) => RespondJsonAsync(message);
}

/// <summary>Streams what no message brings.</summary>
public sealed class CountdownConsumer(TimeProvider time) : HttpConsumer
{
    /// <inheritdoc/>
    protected override async Task HandleAsync(ReadOnlyMemory<byte> body)
    {
        var next = LastEventId is { } seen && int.TryParse(seen, out var id) ? id - 1 : 10;
        for (; next >= 0; next--)
        {
            await SendEventAsync($"{next} …", id: $"{next}");
            await Task.Delay(TimeSpan.FromSeconds(1), time, Scope.Aborted);
        }

        await FinishAsync();
    }
}

/// <summary>The examples of docs/http.md are these, and they do what it says.</summary>
public sealed class GuideTests
{
    private static readonly string[] _quoted =
        ["tests/Consumers.Tests/Http/GuideTests.cs", "src/Web/Clock/ClockEventsConsumer.cs", "src/Web/Program.cs"];

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_greeting_is_answered_at_once()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<GreetingConsumer>());
        using var client = new Client(server);
        using var answer = await client.PostAsync("Ada");
        Assert.Equal("Hello, Ada!", await answer.TextAsync());
        using var none = await client.GetAsync();
        Assert.Equal(405, none.Status);
    }

    [Fact]
    public async Task News_answer_a_long_poll()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<NewsConsumer>());
        var local = server.Local;
        using var client = new Client(server);
        var polling = client.GetAsync();
        using var patience = new CancellationTokenSource(TestServer.Patience);
        while (local.GroupCount == 0)
        {
            await Task.Delay(1, patience.Token);
        }

        await server.Layer.GroupSendAsync("news", new Note("tea is ready"));
        using var answer = await polling;
        Assert.Equal("""{"text":"tea is ready"}""", await answer.TextAsync());
    }

    [Fact]
    public async Task A_countdown_goes_on_where_the_client_has_left_it()
    {
        await using var server = await HttpServer.StartAsync(Consumer.For<CountdownConsumer>(), services => services.AddSingleton<TimeProvider>(_time));
        using var client = new Client(server);
        using var answer = await client.GetAsync(change: request => request.Headers.Add("Last-Event-ID", "3"));
        var events = answer.EventsAsync();
        await _time.PassUntilAsync(events);
        Assert.Equal(["2 …", "1 …", "0 …"], (await events).Select(item => item.Data));
    }

    [Fact]
    public void The_guide_quotes_what_compiles()
    {
        var top = Path.Combine(Path.GetDirectoryName(Here())!, "../../..");
        var sources = string.Concat(_quoted.Select(file => Code(File.ReadAllText(Path.Combine(top, file)))));
        var quoted = File.ReadAllText(Path.Combine(top, "docs/http.md")).Split("```").Where(block => block.StartsWith("csharp\n", StringComparison.Ordinal)).ToArray();
        Assert.Equal(5, quoted.Length);
        Assert.All(quoted, block => Assert.Contains(Code(block["csharp\n".Length..]), sources, StringComparison.Ordinal));
    }

    /// <summary>What counts of it: no indentation, no comments for tools, and not what only a test needs.</summary>
    private static string Code(string text) => string.Concat(text.Replace("protected internal", "protected", StringComparison.Ordinal).Split('\n')
        .Select(line => line.Trim())
        .Where(line => line.Length > 0 && !line.StartsWith("/// <inheritdoc", StringComparison.Ordinal))
        .Select(line => $"{line}\n"));

    private static string Here([CallerFilePath] string path = "") => path;
}
