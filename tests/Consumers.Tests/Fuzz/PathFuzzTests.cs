using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using ChannelsNet.Support;
using CsCheck;
using Microsoft.AspNetCore.Builder;

namespace ChannelsNet.Fuzz;

/// <summary>Paths of any kind before a table of routes: the first that matches answers, none is a 404, and nothing is an error of the server.</summary>
public sealed partial class PathFuzzTests
{
    private static readonly Gen<string> _segment = Gen.Frequency<string>(
        (6, Gen.OneOf("a", "b", "c", "7", "-7", "007", "99999999999", "x", "", "c/7/b", "b/7", "b/x/c")),
        (2, Gen.OneOf("%2F", "%2f..", "..", ".", "%00", "%", "%zz", "%C3%28", "%F0%9F%98%80", "a%20b", "a+b", "a;b", "*", "{x}", "~", "a:b", "%252F")),
        (1, Gen.String[Gen.Char['!', '~'], 0, 30].Select(text => text.Replace('?', '_').Replace('#', '_'))));

    private static readonly Gen<string> _path = Gen.Select(_segment.Array[0, 5], Gen.Bool, (segments, slash) => $"/{string.Join('/', segments)}{(slash ? "/" : "")}");

    private sealed class Says(string name) : WebSocketConsumer
    {
        protected override Task ConnectAsync() => RefuseAsync(StatusCodes.Teapot, name);

        private static class StatusCodes
        {
            public const int Teapot = 418;
        }
    }

    [Fact]
    public async Task Every_path_is_answered_by_the_first_route_that_matches_or_by_none()
    {
        var router = new UrlRouter { ["a/{n:int}/"] = Consumer.For<Says>("int"), ["a/{x}/"] = Consumer.For<Says>("one") }
            .AddPattern("c/(?<n>[0-9]+)/b/", Consumer.For<Says>("regex"));
        router["b/"] = new UrlRouter { ["{x}/c/"] = Consumer.For<Says>("inner"), ["7/{**rest}"] = Consumer.For<Says>("rest") };
        router["{x}/{y}/{z}/"] = Consumer.For<Says>("three");
        await using var server = await TestServer.StartAsync(app => app.MapChannels(new ProtocolTypeRouter { WebSocket = router }));
        await _path.SampleAsync(async path => await CheckAsync(server, path), iter: Fuzzing.Cases(3000), threads: 1);
        Assert.Empty(server.Errors);
    }

    /// <summary>An expression that would take years with such a path gives up after a second.</summary>
    [Fact]
    public async Task A_path_made_for_an_expression_to_run_wild_on_matches_nothing()
    {
        await using var server = await TestServer.StartAsync(app => app.MapChannels(new ProtocolTypeRouter
        {
            WebSocket = new UrlRouter().AddPattern("(x+)+y", Consumer.For<Says>("wild")),
        }));
        Assert.Equal(404, (await AskAsync(server, $"/{new string('x', 60)}")).Status);
        Assert.Empty(server.Errors);
    }

    private static async Task CheckAsync(TestServer server, string path)
    {
        var (status, answer) = await AskAsync(server, path);
        Assert.True(status is 400 or 404 or 418, $"{path}: {answer}");
        if (Plain().IsMatch(path))
        {
            var expected = Expected(path);
            Assert.True(expected is null ? status == 404 : answer.Contains($"\r\n{expected}\r\n", StringComparison.Ordinal), $"{path}: expected {expected ?? "404"}, got {answer}");
        }
    }

    private static async Task<(int Status, string Answer)> AskAsync(TestServer server, string path)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(server.Address).Port).WaitAsync(TestServer.Patience);
        await socket.SendAsync(Encoding.Latin1.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        var answer = new StringBuilder();
        var buffer = new byte[1000];
        while (!IsWhole(answer.ToString()) && await socket.ReceiveAsync(buffer).WaitAsync(TestServer.Patience) is > 0 and var received)
        {
            answer.Append(Encoding.Latin1.GetString(buffer, 0, received));
        }

        return (int.Parse(answer.ToString().AsSpan(9, 3), CultureInfo.InvariantCulture), answer.ToString());
    }

    private static bool IsWhole(string answer) => answer.EndsWith(
        answer.Contains("Transfer-Encoding: chunked", StringComparison.Ordinal) ? "\r\n0\r\n\r\n" : "\r\n\r\n", StringComparison.Ordinal);

    /// <summary>The same table, read by hand.</summary>
    private static string? Expected(string path) => path.Trim('/').Split('/') switch
    {
        _ when path.Contains("//", StringComparison.Ordinal) => null,
        ["a", var n] => int.TryParse(n, NumberStyles.Integer, CultureInfo.InvariantCulture, out _) ? "int" : "one",
        ["c", var n, "b"] when path.EndsWith('/') && n.All(char.IsAsciiDigit) => "regex",
        ["b", _, "c"] => "inner",
        ["b", "7", ..] => "rest",
        [_, _, _] => "three",
        _ => null,
    };

    /// <summary>Paths about which nobody can be of two minds.</summary>
    [GeneratedRegex(@"\A(/[a-z0-9-]+)*/?\z")]
    private static partial Regex Plain();
}
