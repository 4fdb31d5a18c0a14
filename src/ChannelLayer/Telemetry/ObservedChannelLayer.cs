using System.Diagnostics;
using ChannelsNet.Messages;

namespace ChannelsNet.Telemetry;

/// <summary>
/// A layer whose sends are timed and traced. While nobody listens it only hands on.
/// </summary>
/// <remarks>
/// The trace travels in the message object. Who sends one object again while it is under way, in another trace, moves it to that one.
/// </remarks>
internal sealed class ObservedChannelLayer(IChannelLayer layer, LayerMeter meter, MessageTypes types) : IChannelLayer, IPostingLayer, IAsyncDisposable
{
    /// <summary>The layer itself.</summary>
    public IChannelLayer Inner => layer;

    private bool IsObserved => meter.TimesSends || ChannelsActivities.AreHeard;

    public ValueTask SendAsync(string channel, Message message, CancellationToken cancellationToken = default) => IsObserved
        ? ObserveAsync(isGroup: false, channel, message, () => layer.SendAsync(channel, message, cancellationToken))
        : layer.SendAsync(channel, message, cancellationToken);

    public ValueTask GroupSendAsync(
        string group, Message message, string? except = null, CancellationToken cancellationToken = default) => IsObserved
        ? ObserveAsync(isGroup: true, group, message, () => layer.GroupSendAsync(group, message, except, cancellationToken))
        : layer.GroupSendAsync(group, message, except, cancellationToken);

    public ValueTask GroupPostAsync(string group, Message message, string? except) => IsObserved
        ? ObserveAsync(isGroup: true, group, message, () => PostAsync(group, message, except))
        : PostAsync(group, message, except);

    public ValueTask<Message> ReceiveAsync(string channel, CancellationToken cancellationToken = default) => layer.ReceiveAsync(channel, cancellationToken);

    public ValueTask<IChannel> NewChannelAsync(
        string prefix = "specific", IChannelListener? listener = null, CancellationToken cancellationToken = default) =>
        layer.NewChannelAsync(prefix, listener, cancellationToken);

    public ValueTask GroupAddAsync(string group, string channel, CancellationToken cancellationToken = default) =>
        layer.GroupAddAsync(group, channel, cancellationToken);

    public ValueTask GroupDiscardAsync(string group, string channel, CancellationToken cancellationToken = default) =>
        layer.GroupDiscardAsync(group, channel, cancellationToken);

    public ValueTask FlushAsync(CancellationToken cancellationToken = default) => layer.FlushAsync(cancellationToken);

    public ValueTask DisposeAsync() => (layer as IAsyncDisposable)?.DisposeAsync() ?? ValueTask.CompletedTask;

    private ValueTask PostAsync(string group, Message message, string? except) => layer is IPostingLayer posting
        ? posting.GroupPostAsync(group, message, except)
        : layer.GroupSendAsync(group, message, except);

    private async ValueTask ObserveAsync(bool isGroup, string destination, Message message, Func<ValueTask> send)
    {
        using var activity = message is null ? null : ChannelsActivities.StartSend(message, TypeOf(message), destination);
        var began = Stopwatch.GetTimestamp();
        string? error = null;
        try
        {
            await send().ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            error = ErrorOf(fault);
            activity?.SetStatus(ActivityStatusCode.Error, fault.Message).SetTag("error.type", error);
            throw;
        }
        finally
        {
            meter.Sent(isGroup, began, error);
        }
    }

    private string TypeOf(Message message) => message is UntypedMessage untyped ? untyped.Type : types.Find(message.GetType())?.Name ?? message.GetType().Name;

    private static string ErrorOf(Exception fault) => fault switch
    {
        ChannelFullException => "full",
        ChannelLayerUnavailableException => "unavailable",
        MessageTooLargeException => "too_large",
        OperationCanceledException => "canceled",
        _ => fault.GetType().Name,
    };
}
