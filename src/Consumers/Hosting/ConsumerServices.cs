namespace ChannelsNet.Hosting;

/// <summary>Its presence among the services tells that consumers can be run.</summary>
internal sealed class ConsumerServices;
