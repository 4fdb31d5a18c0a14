using System.Collections.Concurrent;
using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet.Http;

/// <summary>Serves one application by a real Kestrel at /http/.</summary>
internal static class HttpServer
{
    public static Task<TestServer> StartAsync(
        IApplication application, Action<IServiceCollection>? services = null, Action<ListenOptions>? listen = null) => TestServer.StartAsync(
        app => app.MapChannels(new ProtocolTypeRouter { Http = new UrlRouter { ["http/"] = application } }), services, listen);

    public static Task<TestServer> StartAsync(IApplication application, Diary diary, TimeProvider? time = null) =>
        StartAsync(application, services => services.AddSingleton(diary).AddSingleton(time ?? TimeProvider.System));

    /// <summary>Lets a fake clock go on until something has happened, and says how much time has passed on it.</summary>
    public static async Task<TimeSpan> PassUntilAsync(this FakeTimeProvider time, Task task)
    {
        var start = time.GetUtcNow();
        using var patience = new CancellationTokenSource(TestServer.Patience);
        while (!task.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(1, patience.Token);
        }

        return time.GetUtcNow() - start;
    }
}

/// <summary>A client with time-outs, which waits for the head of an answer and reads the rest when it is asked to.</summary>
internal sealed class Client(TestServer server) : IDisposable
{
    // Who leaves does not wait for the rest of an answer.
    private readonly HttpClient _http = new(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero }) { BaseAddress = new Uri(server.Address), Timeout = TimeSpan.FromSeconds(60) };

    public Version Version { get; init; } = new(1, 1);

    public async Task<Answer> SendAsync(HttpMethod method, string path = "/http/", HttpContent? content = null, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative))
        {
            Content = content,
            Version = Version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        change?.Invoke(request);
        return new Answer(await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
    }

    public Task<Answer> GetAsync(string path = "/http/", Action<HttpRequestMessage>? change = null) => SendAsync(HttpMethod.Get, path, change: change);

    public Task<Answer> PostAsync(string text, string path = "/http/") => SendAsync(HttpMethod.Post, path, new StringContent(text));

    /// <summary>Leaves whatever it waits for.</summary>
    public void Dispose() => _http.Dispose();
}

/// <summary>An answer whose head has come.</summary>
internal sealed class Answer(HttpResponseMessage response) : IDisposable
{
    private StreamReader? _reader;

    public int Status => (int)response.StatusCode;

    public string? ContentType => response.Content.Headers.ContentType?.ToString();

    public long? ContentLength => response.Content.Headers.ContentLength;

    public string Header(string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values) ? string.Join("|", values) : "";

    public Task<string> TextAsync() => response.Content.ReadAsStringAsync().WaitAsync(TestServer.Patience);

    /// <summary>The next line; null at the end.</summary>
    public async Task<string?> LineAsync()
    {
        _reader ??= new StreamReader(await response.Content.ReadAsStreamAsync());
        return await _reader.ReadLineAsync().WaitAsync(TestServer.Patience);
    }

    /// <summary>The lines of the next event.</summary>
    public async Task<string> EventAsync()
    {
        var lines = new List<string>();
        while (await LineAsync() is { Length: > 0 } line)
        {
            lines.Add(line);
        }

        return string.Join("|", lines);
    }

    /// <summary>The events as the framework's parser reads them, to the end of the stream.</summary>
    public async Task<List<SseItem<string>>> EventsAsync()
    {
        using var patience = new CancellationTokenSource(TestServer.Patience);
        return await SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync(patience.Token).ToListAsync();
    }

    public void Dispose()
    {
        _reader?.Dispose();
        response.Dispose();
    }
}

/// <summary>Every line of the log, of any level.</summary>
internal sealed class WrittenLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = [];

    /// <summary>The lines that tell of something.</summary>
    public IEnumerable<string> About(string what) => _lines.Where(line => line.Contains(what, StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{logLevel}: {formatter(state, exception)}");

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Dispose()
    {
    }
}
