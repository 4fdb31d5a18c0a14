namespace ChannelsNet.Security;

/// <summary>An exception that says how a client is refused if nobody handles it.</summary>
internal interface IRefusing
{
    Refusal Refusal { get; }
}
