using System.Diagnostics;
using ChannelsNet.Runs;
using ChannelsNet.Servers;

namespace ChannelsNet;

/// <summary>
/// Runs one application (a consumer, a router, middleware) for one client, in the process of the test: there is no server and no network. The application
/// begins with the first call; disposing the communicator ends it.
/// </summary>
/// <remarks>
/// <para>If the application or one of its consumers has thrown, each later call throws that exception, with the stack where it was thrown. What was sent
/// before comes first.</para>
/// <para>A time-out does not end the application. Times are real ones here, not those of a test's clock, and a test that passes does not wait for any.</para>
/// </remarks>
public abstract class Communicator : IAsyncDisposable
{
    private readonly IApplication _application;
    private readonly string? _type;
    private bool _hasTimedOut;
    private bool _isDisposed;

    /// <param name="application">What is run.</param>
    /// <param name="scope">What it is told of the connection.</param>
    /// <param name="type">The type that the scope must have; null for any.</param>
    private protected Communicator(IApplication application, Scope scope, string? type)
    {
        ArgumentNullException.ThrowIfNull(application);
        _application = application;
        _type = type;
        Scope = scope;
    }

    /// <summary>What the application is told of the connection. It can be changed until the application begins: <c>Scope = Scope with { … }</c>.</summary>
    /// <exception cref="InvalidOperationException">It is set when the application has begun.</exception>
    /// <exception cref="ArgumentException">It is the scope of another type of connection.</exception>
    public Scope Scope
    {
        get;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (Begun is not null)
            {
                throw new InvalidOperationException("The application has begun, and its scope never changes. Set the scope before the first call.");
            }

            if (_type is not null && value.Type != _type)
            {
                throw new ArgumentException($"The scope is of the type \"{value.Type}\". Expected \"{_type}\", or another kind of communicator.", nameof(value));
            }

            field = value;
        }
    }

    /// <summary>How long a call waits before it gives up, in real time; a test that passes waits for none of it. Default: 10 seconds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not above zero.</exception>
    public TimeSpan Timeout
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether calls throw what the application has thrown. Default: true. With false a test sees what a client sees of it: a WebSocket that is
    /// closed with 1011, a response with 500.
    /// </summary>
    public bool RaiseFaults { get; set; } = true;

    private protected ApplicationRun? Begun { get; private set; }

    private protected ApplicationRun Run => Begun ??= ApplicationRun.Start(_application, Scope, Serve);

    /// <summary>
    /// Makes sure that the application has sent nothing that was not received yet, and that nothing comes of what it was given so far. This ends as soon as
    /// it waits for its client and, if it is a consumer, has no message to handle; with <see cref="TestChannels"/> that goes for all applications
    /// there, so that what one consumer sends to another counts too.
    /// </summary>
    /// <param name="within">
    /// How long to look at most, in real time, at an application that does not come to rest: its handler waits for something that the test does later, such as
    /// a step of the clock. Default: it must come to rest, within <see cref="Timeout"/>.
    /// </param>
    /// <remarks>
    /// What a handler starts and does not await is not seen. An application that is no consumer counts as resting while it awaits its client, whatever else it
    /// may await.
    /// </remarks>
    /// <exception cref="UnexpectedEventException">Something has come. It stays there to be received.</exception>
    /// <exception cref="TimeoutException">The application has not come to rest.</exception>
    public async Task ReceiveNothingAsync(TimeSpan? within = null)
    {
        var run = Run;
        var begin = Stopwatch.GetTimestamp();
        while (true)
        {
            var changed = run.Output.WhenChangedAsync();
            var isStill = run.Stillness.IsStill;
            if (run.Output.Peek(RaiseFaults) is { } first)
            {
                throw new UnexpectedEventException("nothing", EventText.Of(first));
            }

            if (isStill)
            {
                return;
            }

            try
            {
                await Task.WhenAny(changed, run.Stillness.WhenStillAsync()).WaitAsync(Left(begin, within ?? Timeout)).ConfigureAwait(false);
            }
            catch (TimeoutException) when (within is not null)
            {
                return;
            }
            catch (TimeoutException)
            {
                throw TimedOut("nothing to come, and so the application to come to rest", Timeout,
                    " If it waits for something that the test does later, such as a step of the clock, say how long to look: ReceiveNothingAsync(TimeSpan.FromMilliseconds(100)).");
            }
        }
    }

    /// <summary>Waits until the application has ended.</summary>
    /// <exception cref="TimeoutException">It goes on.</exception>
    public async Task WaitAsync()
    {
        try
        {
            await Run.Ended.WaitAsync(Timeout).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw TimedOut("the application to end", Timeout);
        }

        Raise();
    }

    /// <summary>
    /// Lets the client vanish, as one whose network is gone, and waits until the application has ended. What it throws from now on is not told: call
    /// <see cref="WaitAsync"/> before to hear of it.
    /// </summary>
    /// <exception cref="TimeoutException">The application goes on, and no earlier call has timed out.</exception>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Begun is not { } run || _isDisposed)
        {
            return;
        }

        _isDisposed = true;
        run.Server.Leave();
        await run.AbortAsync().ConfigureAwait(false);
        try
        {
            await run.Ended.WaitAsync(Timeout).ConfigureAwait(false);
            run.Dispose();
        }
        catch (TimeoutException) when (_hasTimedOut)
        {
            // The test has been told already, by an error that says more.
        }
        catch (TimeoutException)
        {
            throw TimedOut("the application to end, since its client has gone", Timeout);
        }
    }

    private protected abstract ServerSide Serve(Input input, Output output);

    /// <summary>Throws what the application has thrown.</summary>
    private protected void Raise()
    {
        if (RaiseFaults)
        {
            Begun?.Output.Fault?.Throw();
        }
    }

    /// <summary>The next thing that the application has sent; null if it has ended and nothing more comes.</summary>
    private protected async Task<ServerEvent?> TakeAsync(string expected, TimeSpan? timeout = null)
    {
        var output = Run.Output;
        var patience = timeout ?? Timeout;
        var begin = Stopwatch.GetTimestamp();
        while (true)
        {
            var changed = output.WhenChangedAsync();
            var isEnded = output.IsEnded;
            if (output.Take(RaiseFaults) is { } next)
            {
                return next;
            }

            if (isEnded)
            {
                return null;
            }

            try
            {
                await changed.WaitAsync(Left(begin, patience)).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                throw TimedOut(expected, patience);
            }
        }
    }

    private static TimeSpan Left(long begin, TimeSpan patience)
    {
        var left = patience - Stopwatch.GetElapsedTime(begin);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private TimeoutException TimedOut(string expected, TimeSpan after, string advice = "")
    {
        _hasTimedOut = true;
        return new TimeoutException($"Expected {expected}, within {EventText.Of(after)}. {Run.Doing}{advice}");
    }
}
