namespace ChannelsNet.Bench.Load;

/// <summary>The server did what ends a measurement: a result of it, not a fault of the load generator.</summary>
internal sealed class ServerFailedException(string message) : Exception(message);
