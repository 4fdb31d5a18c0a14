namespace ChannelsNet.Requests;

/// <summary>One message and where it is to go: a group or a channel.</summary>
internal sealed record Publication(string Destination, bool IsGroup, Message Message);

/// <summary>What is wrong with one message of a request, or what became of it.</summary>
/// <param name="Index">Its place in the request, from 0; null for the request as a whole.</param>
/// <param name="Error">A word for programs.</param>
/// <param name="Detail">A sentence for people.</param>
internal sealed record PublishFault(int? Index, string Error, string Detail);
