using Microsoft.Extensions.Logging;

namespace ChannelsNet.Support;

/// <summary>A log provider that throws at every line.</summary>
/// <param name="from">The level from which it takes lines. Default: those from information on.</param>
public sealed class ThrowingLog(LogLevel from = LogLevel.Information) : ILoggerProvider, ILogger
{
    private int _lines;

    /// <summary>How many lines it was given.</summary>
    public int Lines => Volatile.Read(ref _lines);

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= from;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            Interlocked.Increment(ref _lines);
            throw new InvalidOperationException("The log provider failed.");
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Dispose()
    {
    }
}
