using ChannelsNet.Messages;

namespace ChannelsNet.Running;

/// <summary>What a consumer gets with its connection.</summary>
internal sealed record ConsumerContext(Scope Scope, IConnection Connection, IChannelLayer Layer, IChannel Channel, MessageTypes Types);
