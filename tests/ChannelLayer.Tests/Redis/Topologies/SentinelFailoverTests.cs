using ChannelsNet.Support;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Redis.Topologies;

public sealed class SentinelFailoverTests : LayerProcesses
{
    [SkippableTheory(typeof(ProgramMissingException))]
    [InlineData(ChannelLayerBackend.RedisPubSub)]
    [InlineData(ChannelLayerBackend.Redis)]
    public async Task When_the_replica_has_become_the_primary_both_processes_go_on_with_it(ChannelLayerBackend backend)
    {
        await using var sentinel = await RedisSentinel.StartAsync();
        var host = $"{string.Join(',', sentinel.Addresses)},serviceName={sentinel.ServiceName}";
        var processes = new[] { NewProcess(backend, host), NewProcess(backend, host) };
        var layers = processes.Select(process => process.GetRequiredService<IChannelLayer>()).ToArray();
        var members = new List<IChannel>();
        foreach (var layer in layers)
        {
            members.Add(await layer.NewChannelAsync(cancellationToken: Patience));
            await layer.GroupAddAsync("room", members[^1].Name, Patience);
        }

        await SendUntilAllGetItAsync(layers[0], members, "before");
        await sentinel.KillPrimaryAsync();
        await sentinel.WhenPrimaryAsync(sentinel.Second);

        using var soon = CancellationTokenSource.CreateLinkedTokenSource(Patience);
        soon.CancelAfter(TimeSpan.FromSeconds(10));
        await SendUntilAllGetItAsync(layers[0], members, "from the first", soon.Token);
        await SendUntilAllGetItAsync(layers[1], members, "from the second", soon.Token);

        // The old primary is still away, and that is nothing to worry about.
        foreach (var process in processes)
        {
            var status = process.GetRequiredService<IChannelLayerStatus>();
            while (status.State != ChannelLayerState.Connected)
            {
                await Task.Delay(20, soon.Token);
            }
        }
    }

    /// <summary>Sends to the group until each member has got it; one that is sent twice is passed over by what reads the next.</summary>
    private async Task SendUntilAllGetItAsync(
        IChannelLayer layer, IReadOnlyList<IChannel> members, string text, CancellationToken soon = default)
    {
        var token = soon.CanBeCanceled ? soon : Patience;
        var all = Task.WhenAll(members.Select(async member =>
        {
            while (((Note)await member.ReadAsync(token)).Text != text)
            {
            }
        }));
        while (!all.IsCompleted)
        {
            try
            {
                await layer.GroupSendAsync("room", new Note(text), cancellationToken: token);
            }
            catch (ChannelLayerUnavailableException)
            {
                // As it says: the sender may try again.
            }

            await Task.WhenAny(all, Task.Delay(100, token));
        }

        await all;
    }
}
