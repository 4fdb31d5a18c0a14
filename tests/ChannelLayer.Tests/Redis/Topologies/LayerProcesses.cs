using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Redis.Topologies;

/// <summary>The processes of one test, each with a layer of its own over the same Redis.</summary>
public abstract class LayerProcesses : IAsyncLifetime
{
    private readonly List<ServiceProvider> _processes = [];
    private readonly CancellationTokenSource _patienceEnd = new(TimeSpan.FromSeconds(30));
    private readonly string _prefix = NewName("prefix");

    protected CancellationToken Patience => _patienceEnd.Token;

    protected string Prefix => _prefix;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _patienceEnd.Dispose();
    }

    protected ServiceProvider NewProcess(ChannelLayerBackend backend, string host, Action<ChannelLayerOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddChannelLayers(configure: options =>
        {
            options.Backend = backend;
            options.Hosts.Add(host);
            options.Prefix = _prefix;
            configure?.Invoke(options);
        }).AddMessage<Note>();
        _processes.Add(services.BuildServiceProvider());
        return _processes[^1];
    }

    protected IChannelLayer NewLayer(ChannelLayerBackend backend, string host, Action<ChannelLayerOptions>? configure = null) =>
        NewProcess(backend, host, configure).GetRequiredService<IChannelLayer>();

    /// <summary>A name that no other test has.</summary>
    protected static string NewName(string prefix = "test") => $"{prefix}-{Guid.NewGuid():N}";

    protected async Task<string> ReadAsync(IChannel channel) => ((Note)await channel.ReadAsync(Patience)).Text;
}
