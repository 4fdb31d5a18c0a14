using Microsoft.Extensions.Logging;

namespace ChannelsNet.Running;

/// <summary>
/// The layer's warnings while the tool listens (Redis lost, a message that can't be read), a line each. Before and after that a run
/// has its one error line.
/// </summary>
internal sealed class WarningLog(TextWriter error, CancellationToken interrupted) : ILoggerProvider, ILogger
{
    private volatile bool _started;

    public void Start() => _started = true;

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && _started && !interrupted.IsCancellationRequested;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            error.WriteLine($"warning: {formatter(state, exception).ReplaceLineEndings(" ")}");
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Dispose() => _started = false;
}
