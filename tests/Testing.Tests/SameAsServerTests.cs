using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet;

/// <summary>What a client sees of an application is the same in the kit and on Kestrel, and so is what the application sees of its client.</summary>
public sealed class SameAsServerTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private static readonly IApplication _router = new ProtocolTypeRouter
    {
        WebSocket = new UrlRouter
        {
            ["{does}/"] = Consumer.For<Does>(),
            ["raw/{does}/"] = new Raw(),
        },
    };

    private sealed class Does : WebSocketConsumer
    {
        private string What => $"{Scope.RouteValues["does"]}";

        protected override Task ConnectAsync() => What switch
        {
            "refuse" => RefuseAsync(429, "Later."),
            "close" => CloseAsync(4001, "No."),
            "restart" => CloseAsync(1012),
            "fail" => throw new InvalidDataException(),
            "early" => SendTextAsync("too early"),
            "subprotocol" => AcceptAsync(Scope.Subprotocols[1]),
            "other subprotocol" => AcceptAsync("nobody offers this"),
            "headers" => AcceptAsync(headers: new HeaderDictionary { ["X-Node"] = "a\r\nb" }),
            "greet" => GreetAsync(),
            _ => AcceptAsync(),
        };

        protected override async Task ReceiveAsync(string text)
        {
            switch (text)
            {
                case "close":
                    await CloseAsync(4007, "Why?");
                    await SendTextAsync("after the close");
                    break;
                case "refuse":
                    await RefuseAsync(403, "Too late.");
                    break;
                case "fail":
                    throw new InvalidDataException();
                case "accept":
                    await AcceptAsync();
                    break;
                case "bad code":
                    await CloseAsync(1005);
                    break;
                default:
                    await SendTextAsync($"{Scope.Path.Value!.Length > 0} {Scope.Query["q"]} {text}");
                    break;
            }
        }

        protected override Task ReceiveAsync(ReadOnlyMemory<byte> bytes) => SendBytesAsync(bytes);

        protected override Task DisconnectAsync(int code) => GroupSendAsync("ends", new Note(code.ToString(CultureInfo.InvariantCulture)));

        private async Task GreetAsync()
        {
            await AcceptAsync();
            await SendTextAsync("welcome");
        }
    }

    private sealed class Raw : IApplication
    {
        public async Task RunAsync(Scope scope, IConnection connection)
        {
            await connection.ReceiveAsync();
            switch ($"{scope.RouteValues["does"]}")
            {
                case "end":
                    return;
                case "fail":
                    throw new InvalidDataException();
                case "fail later":
                    await connection.SendAsync(new WebSocketAccept());
                    throw new InvalidDataException();
                default:
                    await connection.SendAsync(new WebSocketAccept());
                    await connection.SendAsync(WebSocketSend.Text("bye"));
                    return;
            }
        }
    }

    [Theory]
    [InlineData("/echo/?q=a%20b", "one", "")]
    [InlineData("/greet/", "close", "after")]
    [InlineData("/echo/", "refuse")]
    [InlineData("/echo/", "fail")]
    [InlineData("/echo/", "accept")]
    [InlineData("/echo/", "bad code")]
    [InlineData("/refuse/")]
    [InlineData("/close/")]
    [InlineData("/restart/")]
    [InlineData("/fail/")]
    [InlineData("/early/")]
    [InlineData("/subprotocol/", "one")]
    [InlineData("/nowhere/at/all/")]
    [InlineData("/raw/end/")]
    [InlineData("/raw/fail/")]
    [InlineData("/raw/fail%20later/")]
    [InlineData("/other%20subprotocol/")]
    [InlineData("/headers/")]
    [InlineData("/raw/accept/")]
    public async Task The_kit_and_the_server_agree(string url, params string[] sends)
    {
        Assert.Equal(await OnServerAsync(url, sends), await InKitAsync(url, sends));
    }

    private static async Task<string> InKitAsync(string url, string[] sends)
    {
        await using var channels = TestChannels.Create(channels => channels.AddMessage<Note>());
        await using var ends = await channels.JoinAsync("ends");
        await using var client = channels.WebSocket(_router, url, subprotocols: ["one", "two"]);
        client.RaiseFaults = false;
        var answer = await client.ConnectAsync();
        var seen = new List<string> { $"{answer.Status} {answer.Subprotocol}" };
        if (answer.Accepted)
        {
            try
            {
                foreach (var send in sends)
                {
                    await client.SendTextAsync(send);
                }

                await client.SendBytesAsync("done"u8.ToArray());
                while (true)
                {
                    seen.Add(await client.ReceiveTextAsync());
                }
            }
            catch (UnexpectedEventException fault)
            {
                seen.Add(fault.Actual.StartsWith("4 bytes", StringComparison.Ordinal) ? "done" : fault.Actual);
            }
        }

        await client.DisconnectAsync(3000);
        seen.Add(channels.MembersOf("ends").Count == 1 && !url.StartsWith("/raw/", StringComparison.Ordinal) && answer.Status != 404
            ? (await ends.ReceiveAsync<Note>()).Text : "");
        await ends.ReceiveNothingAsync();
        return string.Join("; ", seen);
    }

    private static async Task<string> OnServerAsync(string url, string[] sends)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        builder.Services.AddChannels().AddMessage<Note>();
        await using var app = builder.Build();
        app.MapChannels(_router);
        await app.StartAsync();
        var layer = app.Services.GetRequiredService<IChannelLayer>();
        await using var ends = await layer.NewChannelAsync();
        await layer.GroupAddAsync("ends", ends.Name);

        using var patience = new CancellationTokenSource(_patience);
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.AddSubProtocol("one");
        socket.Options.AddSubProtocol("two");
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        try
        {
            await socket.ConnectAsync(new Uri(address.Replace("http", "ws", StringComparison.Ordinal) + url), patience.Token);
        }
        catch (WebSocketException) when (socket.HttpStatusCode != 0)
        {
            // Refused.
        }

        var seen = new List<string> { $"{(int)socket.HttpStatusCode} {socket.SubProtocol}" };
        if (socket.State == WebSocketState.Open)
        {
            await TalkAsync(socket, sends, seen, patience.Token);
        }

        seen.Add(url.StartsWith("/raw/", StringComparison.Ordinal) || socket.HttpStatusCode == HttpStatusCode.NotFound
            ? "" : ((Note)await ends.ReadAsync(patience.Token)).Text);
        return string.Join("; ", seen);
    }

    private static async Task TalkAsync(ClientWebSocket socket, string[] sends, List<string> seen, CancellationToken patience)
    {
        foreach (var send in sends)
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(send), WebSocketMessageType.Text, endOfMessage: true, patience);
        }

        await socket.SendAsync("done"u8.ToArray(), WebSocketMessageType.Binary, endOfMessage: true, patience);
        var buffer = new byte[1024];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), patience);
            switch (received.MessageType)
            {
                case WebSocketMessageType.Text:
                    seen.Add(Encoding.UTF8.GetString(buffer, 0, received.Count));
                    continue;
                case WebSocketMessageType.Binary:
                    seen.Add("done");
                    await socket.CloseAsync((WebSocketCloseStatus)3000, null, patience);
                    return;
                default:
                    seen.Add($"a close with {(int)socket.CloseStatus!}{(socket.CloseStatusDescription is { Length: > 0 } reason ? $" (\"{reason}\")" : "")}");
                    await socket.CloseOutputAsync(socket.CloseStatus!.Value, null, patience);
                    return;
            }
        }
    }
}
