using ChannelsNet.Chat;

namespace ChannelsNet.Pages;

/// <summary>The pages of the demo, and what they load.</summary>
internal static class PageEndpoints
{
    public static void MapPages(this WebApplication app)
    {
        app.UseStaticFiles();
        app.MapGet("/", new Page("index.html", "ChannelsNet").Get);
        app.MapGet("/msg/", new Page("clock.html", "Clock").Get);
        app.MapGet("/words/", new Page("words.html", "Word count").Get);
        app.MapChat();
    }

    private static void MapChat(this WebApplication app)
    {
        var choose = new Page("chat.html", "Chat");
        var inside = new Page("room.html", "Chat");
        var none = new Page("no-room.html", "No such room", StatusCodes.Status404NotFound);
        app.MapGet("/chat/", (HttpContext context, string? room) =>
            room is null ? choose.Get(context) : ChatRoom.IsName(room) ? Results.Redirect($"/chat/{room}/") : none.Get(context));
        app.MapGet("/chat/{room}/", (HttpContext context, string room) => (ChatRoom.IsName(room) ? inside : none).Get(context));
    }
}
