using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Workers;

[MessageType("test.job")]
public sealed record Job(string Name, string ReplyTo = "") : Message;

/// <summary>A host without a web server that runs workers, and what can be seen of them from outside: what their handlers note, the log, the metrics.</summary>
internal sealed class WorkerHost : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly IHost _host;
    private readonly Recorder _log = new();
    private readonly MeterListener _listener = new();
    private readonly Channel<string> _outcomes = Channel.CreateUnbounded<string>();

    private WorkerHost(Action<ChannelsBuilder> add, IEnumerable<(string Key, string Value)> settings, TimeProvider? time, IServiceCollection? services, Journal? journal)
    {
        Journal = journal ?? new Journal();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create<string, string?>($"ChannelLayers:{setting.Key}", setting.Value)));
        builder.Logging.AddProvider(_log);
        builder.Services.AddSingleton(Journal);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        foreach (var service in services ?? new ServiceCollection())
        {
            builder.Services.Add(service);
        }

        add(builder.Services.AddChannels(builder.Configuration).AddMessage<Job>());
        _host = builder.Build();
        Listen(_host.Services.GetRequiredService<IMeterFactory>());
    }

    public IServiceProvider Services => _host.Services;

    public IChannelLayer Layer => Services.GetRequiredService<IChannelLayer>();

    public Journal Journal { get; }

    /// <summary>What has been logged as a warning or worse.</summary>
    public IReadOnlyCollection<string> Log => _log.Lines;

    /// <summary>A host that is not started yet.</summary>
    /// <param name="add">Adds workers.</param>
    /// <param name="settings">Of the section ChannelLayers, such as "jobs:Backend".</param>
    /// <param name="time">The clock.</param>
    /// <param name="services">What comes before all others.</param>
    /// <param name="journal">That of another host, if they share one.</param>
    public static WorkerHost Create(
        Action<ChannelsBuilder> add,
        IEnumerable<(string Key, string Value)>? settings = null,
        TimeProvider? time = null,
        IServiceCollection? services = null,
        Journal? journal = null) => new(add, settings ?? [], time, services, journal);

    public static async Task<WorkerHost> StartAsync(
        Action<ChannelsBuilder> add,
        IEnumerable<(string Key, string Value)>? settings = null,
        TimeProvider? time = null,
        IServiceCollection? services = null,
        Journal? journal = null)
    {
        var host = Create(add, settings, time, services, journal);
        await host.StartAsync();
        return host;
    }

    public Task StartAsync() => _host.StartAsync();

    /// <summary>Stops it; the handlers get so much time.</summary>
    public async Task StopAsync(TimeSpan? grace = null)
    {
        using var outOfTime = new CancellationTokenSource(grace ?? Patience);
        await _host.StopAsync(outOfTime.Token);
    }

    /// <summary>Begins to stop it; ends when it has begun.</summary>
    public async Task<Task> BeginToStopAsync()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(begun.SetResult);
        var stopping = StopAsync();
        await begun.Task.WaitAsync(Patience);
        return stopping;
    }

    public Task SendAsync(string channel, string name) => Layer.SendAsync(channel, new Job(name)).AsTask();

    /// <summary>The next outcomes that the metric has counted.</summary>
    public async Task<string[]> OutcomesAsync(int count)
    {
        using var patience = new CancellationTokenSource(Patience);
        var outcomes = new string[count];
        for (var i = 0; i < count; i++)
        {
            outcomes[i] = await _outcomes.Reader.ReadAsync(patience.Token);
        }

        return outcomes;
    }

    /// <summary>Whether nothing has been counted but what <see cref="OutcomesAsync"/> has returned.</summary>
    public bool HasNoMoreOutcomes => _outcomes.Reader.Count == 0;

    /// <summary>Ends when the default layer is in a state.</summary>
    public async Task WhenAsync(ChannelLayerState state)
    {
        var status = Services.GetRequiredService<IChannelLayerStatus>();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(ChannelLayerState now)
        {
            if (now == state)
            {
                reached.TrySetResult();
            }
        }

        status.Changed += Look;
        Look(status.State);
        await reached.Task.WaitAsync(Patience);
        status.Changed -= Look;
    }

    public async ValueTask DisposeAsync()
    {
        Journal.Open(1000);
        await StopAsync(TimeSpan.FromSeconds(2));
        _listener.Dispose();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }

    private void Listen(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name == "channels.worker.messages")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            var outcome = (string)tags.ToArray().Single(tag => tag.Key == "outcome").Value!;
            for (; value > 0; value--)
            {
                _outcomes.Writer.TryWrite(outcome);
            }
        });
        _listener.Start();
    }

    private sealed class Recorder : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public IReadOnlyCollection<string> Lines => _lines;

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                _lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception?.Message}".TrimEnd());
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Dispose()
        {
        }
    }
}

/// <summary>What handlers note, and the gate at which some of them wait.</summary>
internal sealed class Journal
{
    private readonly Channel<string> _notes = Channel.CreateUnbounded<string>();
    private readonly SemaphoreSlim _gate = new(0);

    public void Note(string note) => _notes.Writer.TryWrite(note);

    public async Task<string> ReadAsync()
    {
        using var patience = new CancellationTokenSource(WorkerHost.Patience);
        return await _notes.Reader.ReadAsync(patience.Token);
    }

    public async Task<string[]> ReadAsync(int count)
    {
        var notes = new string[count];
        for (var i = 0; i < count; i++)
        {
            notes[i] = await ReadAsync();
        }

        return notes;
    }

    public bool TryRead(out string? note) => _notes.Reader.TryRead(out note);

    /// <summary>Lets so many through the gate.</summary>
    public void Open(int count = 1) => _gate.Release(count);

    public Task PassAsync(CancellationToken cancellationToken = default) => _gate.WaitAsync(cancellationToken);
}

/// <summary>Notes each job. One named "fail" fails.</summary>
internal sealed class Notes(Journal journal) : WorkerConsumer, IHandle<Job>
{
    public Task HandleAsync(Job message)
    {
        journal.Note(message.Name);
        return message.Name == "fail" ? throw new InvalidOperationException("as it was told") : Task.CompletedTask;
    }
}

/// <summary>Notes that it has begun a job, and ends it when the gate is opened.</summary>
internal sealed class Waits(Journal journal) : WorkerConsumer, IHandle<Job>
{
    public async Task HandleAsync(Job message)
    {
        journal.Note($"begun {message.Name}");
        await journal.PassAsync();
        journal.Note($"ended {message.Name}");
    }
}
