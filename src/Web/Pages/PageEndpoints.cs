namespace ChannelsNet.Pages;

/// <summary>The pages of the demo, and what they load.</summary>
internal static class PageEndpoints
{
    public static void MapPages(this WebApplication app)
    {
        app.UseStaticFiles();
        app.MapGet("/", new Page("index.html", "ChannelsNet").Get);
        app.MapGet("/msg/", new Page("clock.html", "Clock").Get);
    }
}
