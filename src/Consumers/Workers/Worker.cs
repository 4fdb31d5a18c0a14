namespace ChannelsNet.Workers;

/// <summary>What serves a channel; one for each channel of an <c>AddWorker</c>.</summary>
internal sealed record Worker(string Channel, IApplication Application);
