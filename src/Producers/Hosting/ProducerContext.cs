using Microsoft.Extensions.Logging;

namespace ChannelsNet.Hosting;

/// <summary>What a producer gets from its host.</summary>
internal sealed record ProducerContext(IChannelLayer Layer, ILeases Leases, TimeProvider Time, ILogger Logger);
