using ChannelsNet.Conformance.Peers;

namespace ChannelsNet.Conformance.Families;

/// <summary>12: messages of many kinds and lengths, compressed.</summary>
public sealed class Compression(EchoServer server) : IClassFixture<EchoServer>
{
    private static readonly TestData[] _data = [TestData.Json, TestData.Picture, TestData.Prose, TestData.Html, TestData.Noise];

    public static TheoryData<string> Ids => [.. _data.SelectMany((_, i) => CompressedEchoes.Ids($"12.{i + 1}"))];

    [Theory]
    [MemberData(nameof(Ids))]
    public Task Case(string id) =>
        CompressedEchoes.RunAsync(server.Uri, "permessage-deflate; client_no_context_takeover; client_max_window_bits", id, _data[id.Split('.')[1][0] - '1']);
}

/// <summary>13: what a client may offer.</summary>
public sealed class CompressionOffers(EchoServer server) : IClassFixture<EchoServer>
{
    private const string Offer = "permessage-deflate; client_no_context_takeover; client_max_window_bits";

    private static readonly string[] _offers =
    [
        Offer,
        $"{Offer}; server_no_context_takeover",
        $"{Offer}; server_max_window_bits=9",
        $"{Offer}; server_max_window_bits=15",
        $"{Offer}; server_no_context_takeover; server_max_window_bits=9",
        $"{Offer}; server_no_context_takeover; server_max_window_bits=15",
        $"{Offer}; server_no_context_takeover; server_max_window_bits=9, {Offer}; server_no_context_takeover, {Offer}",
    ];

    public static TheoryData<string> Ids => [.. _offers.SelectMany((_, i) => CompressedEchoes.Ids($"13.{i + 1}"))];

    [Theory]
    [MemberData(nameof(Ids))]
    public Task Case(string id) => CompressedEchoes.RunAsync(server.Uri, _offers[id.Split('.')[1][0] - '1'], id, TestData.Json);
}
