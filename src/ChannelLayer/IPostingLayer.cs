namespace ChannelsNet;

/// <summary>A layer that can take messages faster than its back-end confirms them.</summary>
internal interface IPostingLayer
{
    /// <summary>
    /// Like <see cref="IChannelLayer.GroupSendAsync"/>, but ends as soon as the layer has taken the message, in order and within bounds. Other processes may
    /// not have it yet.
    /// </summary>
    ValueTask GroupPostAsync(string group, Message message, string? except);
}
