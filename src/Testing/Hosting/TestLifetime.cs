using Microsoft.Extensions.Hosting;

namespace ChannelsNet.Hosting;

/// <summary>A host of a test lives for as long as the test, and leaves the signals of the process to the test runner.</summary>
internal sealed class TestLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
