using Microsoft.Extensions.Logging;

namespace ChannelsNet.Background;

/// <summary>
/// Runs code that outlives its caller, or that belongs to somebody else: without the caller's <see cref="ExecutionContext"/>, and with every
/// exception logged instead of thrown.
/// </summary>
/// <remarks>
/// A loop, a timer or a callback that captures the context of the first request writes that request's user, log scope and trace id into every
/// later log line. An exception that nobody catches on a thread of the pool ends the process.
/// </remarks>
internal static class BackgroundWork
{
    /// <summary>Starts asynchronous work, such as a loop, on the thread pool.</summary>
    /// <param name="name">The work in a few words, for the log: "Renewal of the lease clock".</param>
    /// <param name="logger">Gets what the work throws.</param>
    /// <param name="work">The work.</param>
    /// <returns>A task that completes with the work. It never fails.</returns>
    public static Task Run(string name, ILogger logger, Func<Task> work)
    {
        using (Suppress())
        {
            return Task.Run(() => GuardAsync(name, logger, work));
        }
    }

    /// <summary>Starts asynchronous work whose result, or exception, the caller awaits: several callers may share it.</summary>
    public static Task<TResult> Run<TResult>(Func<Task<TResult>> work)
    {
        using (Suppress())
        {
            return Task.Run(work);
        }
    }

    /// <summary>Runs a short callback on the thread pool.</summary>
    public static void Queue(string name, ILogger logger, Action callback) =>
        ThreadPool.UnsafeQueueUserWorkItem(static item => Call(item.name, item.logger, item.callback), (name, logger, callback), preferLocal: false);

    /// <summary>Calls a callback that may throw, such as one of a user, on this thread.</summary>
    public static void Call(string name, ILogger logger, Action callback)
    {
        try
        {
            callback();
        }
        catch (Exception exception)
        {
            Report(name, logger, exception);
        }
    }

    /// <summary>Logs an exception that somebody's callback has thrown, for code that is called too often to pass a delegate.</summary>
    public static void Report(string name, ILogger logger, Exception exception) => BackgroundLog.Failed(SafeLogger.Of(logger), name, exception);

    /// <summary>Raises an event on this thread: a handler that throws does not keep the others from being called.</summary>
    /// <param name="name">The event, for the log.</param>
    /// <param name="logger">Gets what a handler throws.</param>
    /// <param name="handlers">The event's handlers; null for none.</param>
    /// <param name="call">Calls one handler.</param>
    public static void Raise<THandler>(string name, ILogger logger, THandler? handlers, Action<THandler> call)
        where THandler : Delegate
    {
        foreach (var handler in Delegate.EnumerateInvocationList(handlers))
        {
            Call(name, logger, () => call(handler));
        }
    }

    /// <summary>Registers a callback of a token. An exception of it does not reach the code that cancels the token.</summary>
    public static CancellationTokenRegistration Register(string name, ILogger logger, Action callback, CancellationToken cancellationToken) =>
        cancellationToken.UnsafeRegister(_ => Call(name, logger, callback), null);

    /// <summary>Creates a timer.</summary>
    public static ITimer CreateTimer(string name, ILogger logger, TimeProvider time, Action callback, TimeSpan dueTime, TimeSpan period)
    {
        using (Suppress())
        {
            return time.CreateTimer(_ => Call(name, logger, callback), null, dueTime, period);
        }
    }

    private static async Task GuardAsync(string name, ILogger logger, Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            Report(name, logger, exception);
        }
    }

    /// <summary>Suppresses the flow of the caller's context, unless the caller has done so already.</summary>
    private static AsyncFlowControl Suppress() => ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow();
}
