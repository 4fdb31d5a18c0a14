using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChannelsNet;

/// <summary>Whom one server has refused, by its metric and its log.</summary>
internal sealed class Refused : ILoggerProvider, ILogger
{
    private readonly MeterListener _listener = new();

    /// <summary>"REASON at ROUTE", one for each.</summary>
    public ConcurrentQueue<string> Counts { get; } = new();

    public ConcurrentQueue<string> Lines { get; } = new();

    /// <summary>Begins to listen to a server that is being built.</summary>
    public void Attach(IServiceCollection services) => services.AddSingleton<ILoggerProvider>(provider =>
    {
        // Not resolved here, for who makes meters may want to log.
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "channels.websocket.refused" && instrument.Meter.Scope == provider.GetRequiredService<IMeterFactory>())
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            Assert.Equal((1, 2), (count, tags.Length));
            Counts.Enqueue($"{tags[0].Value} at {tags[1].Value}");
        });
        _listener.Start();
        return this;
    });

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = formatter(state, exception);
        if (line.Contains("refused since", StringComparison.Ordinal))
        {
            Lines.Enqueue($"{logLevel}: {line}");
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Dispose() => _listener.Dispose();
}
