using ChannelsNet.Messages;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Running;

/// <summary>The messages that a consumer handles: each must be known, and a forgotten line is told at the start, not by silence later.</summary>
internal static class HandledMessages
{
    /// <summary>A sentence for each type of message that is handled and not known.</summary>
    /// <param name="consumer">Who handles them.</param>
    /// <param name="handled">The types; abstract ones stand for those that derive from them.</param>
    /// <param name="services">The services of the host.</param>
    public static IEnumerable<string> Faults(string consumer, IEnumerable<Type> handled, IServiceProvider services)
    {
        var types = services.GetRequiredService<MessageTypes>();
        return handled.Where(type => !type.IsAbstract && types.Find(type) is null)
            .Select(type => $"{consumer} handles {type}, which this process does not know. "
                + $"Add it where the channels are added: .AddMessage<{type.Name}>().");
    }
}
