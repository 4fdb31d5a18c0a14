namespace ChannelsNet.Support;

/// <summary>
/// This machine has no redis-server, and may be without. A test that needs one is a
/// <c>[SkippableFact(typeof(RedisServerMissingException))]</c>, which skips it with this reason.
/// </summary>
public sealed class RedisServerMissingException(Exception fault)
    : Exception("redis-server was not found on the PATH, so what needs Redis as a process was not tested. Install redis-server.", fault);
