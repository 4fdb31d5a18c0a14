using System.Text.RegularExpressions;
using ChannelsNet.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ChannelsNet;

public sealed partial class ClockPageTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    [SkippableFact]
    public async Task The_clock_page_shows_the_time_and_it_moves()
    {
        var page = await browser.NewPageAsync();
        await using var node = await WebNode.StartAsync();

        var sockets = new List<string>();
        var frames = new List<string>();
        page.WebSocket += (_, socket) =>
        {
            sockets.Add(socket.Url);
            socket.FrameReceived += (_, frame) => frames.Add(frame.Text ?? "");
        };
        await page.GotoAsync(new Uri(node.Address, "/").ToString());
        await page.GetByRole(AriaRole.Link, new() { Name = "Clock" }).ClickAsync();
        await Expect(page.Locator("#msg")).ToHaveTextAsync(Time());
        var first = await page.Locator("#msg").TextContentAsync();
        await Expect(page.Locator("#msg")).Not.ToHaveTextAsync(first!);
        await Expect(page.Locator("#msg")).ToHaveTextAsync(Time());
        await Expect(page.Locator("#status")).ToHaveTextAsync("Connected");
        await Expect(page.Locator("#node")).ToHaveTextAsync(Environment.MachineName);
        Assert.Equal([node.WebSocket("/msg/").ToString()], sockets);
        Assert.All(frames, frame => Assert.Matches("""\A\{"timeValue":"\d\d:\d\d:\d\d"\}\z""", frame));
    }

    [SkippableFact]
    public async Task When_the_server_is_gone_the_page_says_so_and_comes_back_with_it()
    {
        var page = await browser.NewPageAsync();
        await using var node = await WebNode.StartAsync();

        await page.GotoAsync(new Uri(node.Address, "/msg/").ToString());
        await Expect(page.Locator("#status")).ToHaveTextAsync("Connected");
        await node.Process.KillAsync();
        await Expect(page.Locator("#status")).ToContainTextAsync("Connection lost");
        await using var again = await WebNode.StartAsync(new Dictionary<string, string> { ["ASPNETCORE_URLS"] = node.Address.ToString() });
        await Expect(page.Locator("#status")).ToHaveTextAsync("Connected", new() { Timeout = 20_000 });
        await Expect(page.Locator("#msg")).ToHaveTextAsync(Time());
    }

    [SkippableFact]
    public async Task The_clock_fits_a_phone()
    {
        var page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = 360, Height = 640 } });
        await using var node = await WebNode.StartAsync();

        await page.GotoAsync(new Uri(node.Address, "/msg/").ToString());
        await Expect(page.Locator("#msg")).ToHaveTextAsync(Time());
        Assert.Equal(360, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    [GeneratedRegex(@"^\d\d:\d\d:\d\d$")]
    private static partial Regex Time();
}
