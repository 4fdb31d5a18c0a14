using System.Diagnostics;

namespace ChannelsNet.Telemetry;

/// <summary>
/// The activities of tracing, from the source "ChannelsNet": one where a message is sent, and one where it is handled, which is linked to the first, in
/// whatever process that was. Names and tags are those of OpenTelemetry's semantic conventions for messaging.
/// </summary>
internal static class ChannelsActivities
{
    public const string SourceName = "ChannelsNet";

    private static readonly ActivitySource _source = new(SourceName);

    /// <summary>Whether anybody listens; if not, nothing else here costs anything.</summary>
    public static bool AreHeard => _source.HasListeners();

    /// <summary>A message is being sent. Null if nobody listens, or the trace is not sampled.</summary>
    public static Activity? StartSend(Message message, string typeName, string destination)
    {
        var activity = _source.StartActivity($"send {typeName}", ActivityKind.Producer);
        if (activity is not null)
        {
            activity.SetTag("messaging.system", "channels").SetTag("messaging.operation.type", "send").SetTag("messaging.destination.name", destination);
        }

        // Also when there is none: an object that is sent again must not carry the trace in which it was sent before.
        message.TraceParent = activity?.Id;

        return activity;
    }

    /// <summary>
    /// Lets a consumer handle a message. It begins a trace of its own, so that a broadcast to many does not become one huge trace, and a connection that
    /// lives for days none that never ends.
    /// </summary>
    public static async Task HandleAsync(Message message, string consumer, Func<Task> handle)
    {
        IEnumerable<ActivityLink> links = ActivityContext.TryParse(message.TraceParent, null, isRemote: true, out var sent) ? [new ActivityLink(sent)] : [];
        Activity.Current = null;
        using var activity = _source.StartActivity($"process {consumer}", ActivityKind.Consumer, parentContext: default, links: links);
        activity?.SetTag("messaging.system", "channels").SetTag("messaging.operation.type", "process");
        try
        {
            await handle().ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            activity?.SetStatus(ActivityStatusCode.Error, fault.Message).SetTag("error.type", fault.GetType().FullName);
            throw;
        }
    }
}
