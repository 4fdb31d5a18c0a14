using ChannelsNet.Support;

namespace ChannelsNet.Conformance.Peers;

/// <summary>
/// The server that is tried: the demo with its <c>/echo/</c>, in a process of its own; or any other that echoes, if the environment variable
/// <c>CHANNELSNET_CONFORMANCE_URI</c> names one, such as <c>ws://localhost:8080/echo/</c>.
/// </summary>
public sealed class EchoServer : IAsyncLifetime
{
    private WebNode? _node;
    private bool _mayDrop;

    public Uri Uri { get; private set; } = new("ws://localhost");

    public async Task InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("CHANNELSNET_CONFORMANCE_URI") is { Length: > 0 } uri)
        {
            (Uri, _mayDrop) = (new Uri(uri), true);
            return;
        }

        _node = await WebNode.StartAsync();
        Uri = _node.WebSocket("/echo/");
    }

    public async Task DisposeAsync()
    {
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }
    }

    /// <summary>Runs a case.</summary>
    internal async Task RunAsync(Case @case)
    {
        using var peer = await Peer.ConnectAsync(Uri);
        var expected = new Queue<string>(@case.Events);
        await PerformAsync(@case.Steps(), peer, expected);
        while (expected.Count > 0)
        {
            await ExpectAsync(peer, expected.Dequeue());
        }

        if (@case.End.ByClient)
        {
            await peer.CloseAsync(1000);
        }

        // Where a client has broken a rule Autobahn's suite lets a server drop the connection; ours has to say why.
        await peer.ExpectCloseAsync(@case.End.Codes, _mayDrop && !@case.End.Codes.Contains(1000));
        await peer.EndAsync();
    }

    private static async Task PerformAsync(IReadOnlyList<Step> steps, Peer peer, Queue<string> expected)
    {
        using var together = new MemoryStream();
        foreach (var step in steps)
        {
            if (step.Chop == 0)
            {
                await together.WriteAsync(step.Bytes);
                continue;
            }

            await peer.WriteAsync(together.ToArray());
            together.SetLength(0);
            await peer.WriteAsync(step.Bytes, step.Chop);
            if (step.Event is { } awaited)
            {
                Assert.Equal(awaited, expected.Dequeue());
                await ExpectAsync(peer, awaited);
            }
        }

        await peer.WriteAsync(together.ToArray());
    }

    private static async Task ExpectAsync(Peer peer, string expected)
    {
        var (opcode, payload, _) = await peer.ReadAsync();
        Assert.Equal(expected, Happening.Describe(opcode, payload));
    }
}

[CollectionDefinition(Name)]
public sealed class SharedEchoServer : ICollectionFixture<EchoServer>
{
    public const string Name = "one server for many cases";
}
