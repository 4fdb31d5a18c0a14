using System.Globalization;
using ChannelsNet.Conformance.Peers;

namespace ChannelsNet.Conformance.Families;

/// <summary>
/// The eighteen cases that each part of 12 and 13 has. Each sends a thousand messages, one after the other; the larger ones fewer here, unless the
/// environment variable <c>CHANNELSNET_CONFORMANCE_FULL</c> is 1, because they are eleven gigabytes together.
/// </summary>
internal static class CompressedEchoes
{
    private const int Messages = 1000;

    /// <summary>How many characters or bytes a case sends at least, if a thousand messages are not fewer.</summary>
    private const int Volume = 2 * 1024 * 1024;

    private const int Compressed = 4;

    private static readonly (int Length, int Fragment)[] _sizes =
    [
        (16, 0), (64, 0), (256, 0), (1024, 0), (4096, 0), (8192, 0), (16_384, 0), (32_768, 0), (65_536, 0), (131_072, 0),
        (8192, 256), (16_384, 256), (32_768, 256), (65_536, 256), (131_072, 256), (131_072, 1024), (131_072, 4096), (131_072, 32_768),
    ];

    public static IEnumerable<string> Ids(string family) => _sizes.Select((_, i) => $"{family}.{i + 1}");

    public static async Task RunAsync(Uri uri, string offers, string id, TestData data)
    {
        var (length, fragment) = _sizes[int.Parse(id.Split('.')[2], CultureInfo.InvariantCulture) - 1];
        var isFull = Environment.GetEnvironmentVariable("CHANNELSNET_CONFORMANCE_FULL") == "1";
        var opcode = data.IsText ? Opcode.Text : Opcode.Binary;
        using var peer = await Peer.ConnectAsync(uri, offers);
        using var deflate = new Deflate(peer.Extensions);
        for (var i = 0; i < (isFull ? Messages : Math.Min(Messages, Volume / length)); i++)
        {
            var message = data.Part((long)i * length, length);
            foreach (var frame in ClientFrame.Fragments(opcode, deflate.Compress(message), fragment, Compressed))
            {
                await peer.WriteAsync(frame);
            }

            var received = await peer.ReadAsync();
            Assert.Equal(opcode, received.Opcode);
            Assert.Equal(message, received.IsCompressed ? await deflate.InflateAsync(received.Payload) : received.Payload);
        }

        await peer.CloseAsync(1000);
        await peer.ExpectCloseAsync([1000]);
        await peer.EndAsync();
    }
}
