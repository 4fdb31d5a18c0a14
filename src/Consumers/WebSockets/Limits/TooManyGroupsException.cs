using ChannelsNet.Security;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet;

/// <summary>
/// The connection is in as many groups as <see cref="WebSocketConnectionOptions.MaxGroups"/> allows. Handle it to answer the client in your own way; if nobody
/// does, the client is refused with 403, or closed with 1008 if it has been accepted already.
/// </summary>
public sealed class TooManyGroupsException : Exception, IRefusing
{
    internal TooManyGroupsException(int limit)
        : base($"This connection is in {limit} groups already, as many as {nameof(WebSocketConnectionOptions)}.{nameof(WebSocketConnectionOptions.MaxGroups)} "
            + $"allows. Leave one before you join another, set more, or handle the {nameof(TooManyGroupsException)}; else the client is refused.") => Limit = limit;

    /// <summary>How many groups the connection may be in.</summary>
    public int Limit { get; }

    Refusal IRefusing.Refusal => new(StatusCodes.Status403Forbidden, $"You may be in {Limit} groups at once.") { IsCounted = true };
}
