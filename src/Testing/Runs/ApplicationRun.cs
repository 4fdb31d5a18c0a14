using ChannelsNet.Running;
using ChannelsNet.Servers;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Runs;

/// <summary>Runs an application for one client, in the process of the test.</summary>
internal sealed class ApplicationRun : IConnection, IRunObserver, IDisposable
{
    private readonly IApplication _application;
    private readonly ServerSide _server;
    private readonly Input _input;
    private readonly Output _output;
    private readonly CancellationTokenSource _aborted;
    private int _awake;

    private ApplicationRun(IApplication application, Scope scope, Func<Input, Output, ServerSide> serve)
    {
        Stillness = scope.Services.GetService<Stillness>() ?? new Stillness();
        _application = application;
        _input = new Input(Stillness);
        _output = new Output();
        _server = serve(_input, _output);
        _aborted = CancellationTokenSource.CreateLinkedTokenSource(scope.Aborted);
        Ended = Task.CompletedTask;
    }

    /// <summary>Ends when the application has, also if it has failed.</summary>
    public Task Ended { get; private set; }

    public Stillness Stillness { get; }

    public Output Output => _output;

    public ServerSide Server => _server;

    /// <summary>What the application is doing, in a sentence.</summary>
    public string Doing
    {
        get
        {
            var last = _input.Taken is { } taken ? EventText.Of(taken) : "nothing";
            return Ended.IsCompleted ? $"{_application} has ended."
                : !_input.IsAwaited ? $"{_application} is at work; the last that it took from its client was {last}."
                : Volatile.Read(ref _awake) > 0 ? $"{_application} is handling a message of the layer; the last that it took from its client was {last}."
                : $"{_application} waits for its client; the last that it took from it was {last}.";
        }
    }

    public static ApplicationRun Start(IApplication application, Scope scope, Func<Input, Output, ServerSide> serve)
    {
        var run = new ApplicationRun(application, scope, serve);
        var seen = scope with { Observer = run, Aborted = run._aborted.Token };

        // As on a server, nothing of the caller's flows into the application.
        using (ExecutionContext.SuppressFlow())
        {
            run.Ended = Task.Run(() => run.RunAsync(seen));
        }

        return run;
    }

    /// <summary>The connection breaks: what works for it is told.</summary>
    public Task AbortAsync() => _aborted.CancelAsync();

    public void Dispose() => _aborted.Dispose();

    ValueTask<ClientEvent> IConnection.ReceiveAsync() => _input.TakeAsync();

    ValueTask IConnection.SendAsync(ServerEvent serverEvent)
    {
        ArgumentNullException.ThrowIfNull(serverEvent);
        if (_aborted.IsCancellationRequested && serverEvent is WebSocketSend or HttpResponseStart or HttpResponseBody)
        {
            return ValueTask.FromException(new ClientGoneException(_aborted.Token));
        }

        _server.Send(serverEvent);
        return ValueTask.CompletedTask;
    }

    IDisposable IRunObserver.OnBegun()
    {
        OnAwake();
        return new Life(this);
    }

    void IRunObserver.OnAwake() => OnAwake();

    void IRunObserver.OnAsleep() => OnAsleep();

    void IRunObserver.OnFailed(Exception fault) => Fail(fault);

    private async Task RunAsync(Scope scope)
    {
        var hasFailed = false;
        try
        {
            await _application.RunAsync(scope, this).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            hasFailed = true;
            Fail(fault);
        }

        _server.Finish(hasFailed);
        _output.End();
        _input.End();
    }

    private void OnAwake()
    {
        Stillness.Begin();
        Interlocked.Increment(ref _awake);
    }

    private void OnAsleep()
    {
        Interlocked.Decrement(ref _awake);
        Stillness.End();
    }

    private void Fail(Exception fault)
    {
        // What gives up since its client has gone does as it is told.
        if (fault is not OperationCanceledException || !_aborted.IsCancellationRequested)
        {
            _output.Fail(fault);
        }
    }

    private sealed class Life(ApplicationRun run) : IDisposable
    {
        public void Dispose() => run.OnAsleep();
    }
}
