using Microsoft.AspNetCore.SignalR;

namespace ChannelsNet.Bench.Servers;

/// <summary>ASP.NET Core SignalR, with both of its protocols: the client chooses.</summary>
internal static class SignalRServer
{
    public static void Add(WebApplicationBuilder builder, string? redis)
    {
        // The subscribers of the load generator only listen, which SignalR ends after 30 seconds.
        var signalr = builder.Services.AddSignalR(options => options.ClientTimeoutInterval = TimeSpan.FromMinutes(10)).AddMessagePackProtocol();
        if (redis is not null)
        {
            signalr.AddStackExchangeRedis(redis);
        }
    }

    public static void Map(WebApplication app) => app.MapHub<Notes>("/hub");
}

public sealed class Notes : Hub
{
    public override Task OnConnectedAsync() => Context.GetHttpContext()!.Request.Query.ContainsKey("subscribe")
        ? Groups.AddToGroupAsync(Context.ConnectionId, "all")
        : Task.CompletedTask;

    public Task Publish(string text) => Clients.Group("all").SendAsync("m", text);

    public Task Echo(string text) => Clients.Caller.SendAsync("m", text);
}
