using System.Diagnostics.Metrics;

namespace ChannelsNet.Requests;

/// <summary>Counts what was published over HTTP, in <c>channels.publish.messages</c> with the tag "outcome". Requests are in ASP.NET Core's own metrics.</summary>
internal sealed class PublishMeter(IMeterFactory meters)
{
    public const string Sent = "sent";

    private readonly Counter<long> _messages = meters.Create("ChannelsNet.Publishing").CreateCounter<long>(
        "channels.publish.messages", "{message}", "Messages that came over HTTP, by what became of them.");

    public void Add(string outcome) => _messages.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
}
