namespace ChannelsNet.Running;

/// <summary>What the tool tells its caller when it ends; 0 is well done.</summary>
internal static class ExitCode
{
    /// <summary>It was asked rightly, and could not.</summary>
    public const int Failed = 1;

    /// <summary>What it was asked is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Ctrl-C.</summary>
    public const int Interrupted = 130;

    /// <summary>SIGTERM.</summary>
    public const int Terminated = 143;
}
