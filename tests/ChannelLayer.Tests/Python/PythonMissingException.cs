namespace ChannelsNet.Python;

/// <summary>
/// This machine has no channels_redis, and may be without. A test that needs it is a
/// <c>[SkippableFact(typeof(PythonMissingException))]</c>, which skips it with this reason.
/// </summary>
public sealed class PythonMissingException(string reason) : Exception(
    $"Python's channels_redis was not found, so nothing was tested against it. Install python3-channels-redis. {reason}");
