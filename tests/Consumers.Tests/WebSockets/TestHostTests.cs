using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.WebSockets;

/// <summary>ASP.NET Core's test host, whose WebSockets do not end with their request.</summary>
public sealed class TestHostTests : IAsyncLifetime
{
    private readonly Diary _diary = new();
    private WebApplication _app = null!;

    private sealed class Closes(Diary diary) : WebSocketConsumer
    {
        protected override Task ReceiveAsync(string text) => text == "close" ? CloseAsync(4000) : SendTextAsync(text);

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseTestServer();
        builder.Services.AddChannels();
        builder.Services.AddSingleton(_diary).Configure<WebSocketConnectionOptions>(options => options.CloseTimeout = TimeSpan.FromMilliseconds(200));
        _app = builder.Build();
        _app.MapChannels(new ProtocolTypeRouter { WebSocket = new UrlRouter { ["ws/"] = Consumer.For<Closes>() } });
        await _app.StartAsync();
    }

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [Fact]
    public async Task A_close_of_the_server_that_the_client_does_not_answer_ends_the_consumer()
    {
        using var socket = await ConnectAsync();
        await socket.SendAsync("close"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        Assert.Equal("disconnect 4000", await _diary.NextAsync());
        await _app.StopAsync().WaitAsync(TestServer.Patience);
    }

    [Fact]
    public async Task A_test_that_just_ends_does_not_delay_the_stop()
    {
        var socket = await ConnectAsync();
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(TestServer.Patience);
        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
        await _app.StopAsync().WaitAsync(TestServer.Patience);
        Assert.Equal("disconnect 1012", await _diary.NextAsync());
    }

    [Fact]
    public async Task A_client_that_is_disposed_of_ends_the_consumer()
    {
        (await ConnectAsync()).Dispose();
        Assert.Equal("disconnect 1006", await _diary.NextAsync());
    }

    private Task<WebSocket> ConnectAsync() =>
        _app.GetTestServer().CreateWebSocketClient().ConnectAsync(new Uri("ws://localhost/ws/"), CancellationToken.None).WaitAsync(TestServer.Patience);
}
