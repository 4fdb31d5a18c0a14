using System.Text;
using ChannelsNet.Background;
using Microsoft.Extensions.Logging;

namespace ChannelsNet.Redis;

/// <summary>The independent servers of a layer, and which of them a name belongs to, by the hash of channels_redis.</summary>
internal sealed class RedisHosts : IChannelLayerStatus
{
    private static readonly uint[] _crcTable = [.. Enumerable.Range(0, 256).Select(CrcOfByte)];

    private readonly Lock _lock = new();
    private readonly RedisConnection[] _hosts;
    private readonly ILogger _logger;
    private ChannelLayerState _state = ChannelLayerState.Degraded;
    private int _next = -1;

    public RedisHosts(IEnumerable<RedisConnection> hosts, ILogger logger)
    {
        _logger = logger;
        _hosts = [.. hosts];
        foreach (var host in _hosts)
        {
            host.Changed += Note;
        }

        Note();
    }

    public event Action<ChannelLayerState>? Changed;

    public ChannelLayerState State => _state;

    public int Count => _hosts.Length;

    public RedisConnection this[int index] => _hosts[index];

    /// <summary>The servers by turns, for what belongs to none of them.</summary>
    public int Next() => (int)((uint)Interlocked.Increment(ref _next) % (uint)_hosts.Length);

    public int IndexOf(ReadOnlySpan<char> name) => IndexOf(name, _hosts.Length);

    /// <summary>The low 12 bits of the name's CRC-32, spread evenly over the servers (channels_redis, consistent_hash).</summary>
    public static int IndexOf(ReadOnlySpan<char> name, int servers)
    {
        if (servers == 1)
        {
            return 0;
        }

        Span<byte> utf8 = stackalloc byte[4 * ChannelNames.MaxLength];
        var bytes = name.Length <= ChannelNames.MaxLength ? utf8[..Encoding.UTF8.GetBytes(name, utf8)] : Encoding.UTF8.GetBytes(name.ToString());
        var crc = uint.MaxValue;
        foreach (var one in bytes)
        {
            crc = (crc >> 8) ^ _crcTable[(byte)(crc ^ one)];
        }

        return (int)(((~crc & 0xFFF) * (uint)servers) >> 12);
    }

    private void Note()
    {
        ChannelLayerState state;
        lock (_lock)
        {
            state = Array.TrueForAll(_hosts, host => host.IsConnected) ? ChannelLayerState.Connected : ChannelLayerState.Degraded;
            if (state == _state)
            {
                return;
            }

            _state = state;
        }

        BackgroundWork.Raise($"A handler of {nameof(IChannelLayerStatus)}.{nameof(IChannelLayerStatus.Changed)}", _logger, Changed, handler => handler(state));
    }

    /// <summary>CRC-32 of ISO/IEC 3309 (zlib), polynomial 0xEDB88320.</summary>
    private static uint CrcOfByte(int value)
    {
        var crc = (uint)value;
        for (var bit = 0; bit < 8; bit++)
        {
            crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
        }

        return crc;
    }
}
