using ChannelsNet.Support;

namespace ChannelsNet.Redis.Topologies;

/// <summary>What the tests of a class need from redis-server; on a machine without one each test is skipped when it asks.</summary>
public abstract class Topology : IAsyncLifetime
{
    private ProgramMissingException? _missing;
    private string? _host;

    /// <summary>What a user writes in <see cref="ChannelLayerOptions.Hosts"/>.</summary>
    /// <exception cref="ProgramMissingException">There is no redis-server, and none is required.</exception>
    public string Host => _missing is null ? _host! : throw _missing;

    public async Task InitializeAsync()
    {
        try
        {
            _host = await StartAsync();
        }
        catch (ProgramMissingException fault)
        {
            _missing = fault;
        }
    }

    public abstract Task DisposeAsync();

    /// <summary>Starts it; what a user writes for it.</summary>
    protected abstract Task<string> StartAsync();
}

/// <summary>One server; a class says how it is started and written.</summary>
public abstract class OneServer : Topology
{
    protected RedisServer? Server { get; set; }

    /// <summary>Where it listens.</summary>
    public string Address => Server!.Address;

    public override async Task DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }
}

public sealed class PasswordAndDatabase : OneServer
{
    protected override async Task<string> StartAsync()
    {
        Server = await RedisServer.StartProcessAsync(password: "s:e/c@t");
        return $"redis://:{Uri.EscapeDataString("s:e/c@t")}@{Server.Address}/3";
    }
}

public sealed class UserAndPassword : OneServer
{
    protected override async Task<string> StartAsync()
    {
        // The default user, whom a client is that names none, may do nothing.
        Server = await RedisServer.StartProcessAsync(
            arguments: ["--user", "alice", "on", ">secret", "~*", "&*", "+@all", "--user", "default", "off"]);
        return $"redis://alice:secret@{Server.Address}";
    }
}

/// <summary>TLS with a certificate that the machine does not know: its user names the issuer in the environment.</summary>
public sealed class Tls : OneServer
{
    private const string Issuer = "SERedis_IssuerCertPath";

    private readonly TestCertificate _certificate = TestCertificate.Create();

    public override async Task DisposeAsync()
    {
        Environment.SetEnvironmentVariable(Issuer, null);
        await base.DisposeAsync();
        _certificate.Dispose();
    }

    protected override async Task<string> StartAsync()
    {
        Server = await RedisServer.StartProcessAsync(certificate: _certificate);
        Environment.SetEnvironmentVariable(Issuer, _certificate.CertificateFile);
        return $"rediss://{Server.Address}";
    }
}

public sealed class Sentinel : Topology
{
    private RedisSentinel? _sentinel;

    public override async Task DisposeAsync()
    {
        if (_sentinel is not null)
        {
            await _sentinel.DisposeAsync();
        }
    }

    protected override async Task<string> StartAsync()
    {
        _sentinel = await RedisSentinel.StartAsync();
        return $"{string.Join(',', _sentinel.Addresses)},serviceName={_sentinel.ServiceName}";
    }
}

public sealed class Cluster : Topology
{
    private RedisCluster? _cluster;

    public IEnumerable<string> Addresses => _cluster!.Addresses;

    public override async Task DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }

    protected override async Task<string> StartAsync()
    {
        _cluster = await RedisCluster.StartAsync();

        // Some of the nodes are enough.
        return string.Join(',', _cluster.Addresses.Take(2));
    }
}
