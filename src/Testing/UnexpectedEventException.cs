namespace ChannelsNet;

/// <summary>Something else came than a test expects; the text names both.</summary>
public sealed class UnexpectedEventException : Exception
{
    internal UnexpectedEventException(string expected, string actual, Exception? cause = null)
        : base($"Expected {expected}; got {actual}.", cause)
    {
        Expected = expected;
        Actual = actual;
    }

    /// <summary>What should have come, in words.</summary>
    public string Expected { get; }

    /// <summary>What came, in words.</summary>
    public string Actual { get; }
}
