using Microsoft.AspNetCore.Http;

namespace ChannelsNet;

/// <summary>What a client got that asked for a WebSocket.</summary>
public sealed class WebSocketAnswer
{
    internal WebSocketAnswer()
    {
    }

    /// <summary>Whether the WebSocket is open; else it was refused.</summary>
    public bool Accepted => Status == StatusCodes.Status101SwitchingProtocols;

    /// <summary>The HTTP status: 101 if it was accepted, else what it was refused with, such as 403.</summary>
    public int Status { get; internal init; }

    /// <summary>The subprotocol that the application has chosen; null for none.</summary>
    public string? Subprotocol { get; internal init; }

    /// <summary>The headers that the application has given to its answer.</summary>
    public IHeaderDictionary Headers { get; internal init; } = new HeaderDictionary();

    /// <summary>The text of a <see cref="Refusal"/>; else empty.</summary>
    public string Body { get; internal init; } = "";

    /// <summary>The code if the application has closed instead of accepting. A client does not see it, but only the status that is made of it.</summary>
    public int? CloseCode { get; internal init; }
}
