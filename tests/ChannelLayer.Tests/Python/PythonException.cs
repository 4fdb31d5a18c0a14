namespace ChannelsNet.Python;

/// <summary>What Python raised.</summary>
/// <param name="error">The name of its class, such as ChannelFull.</param>
/// <param name="message">What it said.</param>
public sealed class PythonException(string error, string message) : Exception($"{error}: {message}")
{
    public string Error => error;
}
