using ChannelsNet.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ChannelsNet;

public sealed class ChatPageTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    [SkippableFact]
    public async Task What_one_writes_the_two_in_the_room_see_and_the_one_in_another_does_not()
    {
        await using var node = await WebNode.StartAsync();
        var ann = await EnterAsync(node, "lobby");
        var bob = await EnterAsync(node, "lobby");
        var cid = await EnterAsync(node, "cellar");

        await SayAsync(ann, "Is anybody here?");
        await Expect(Said(ann)).ToHaveTextAsync(["Is anybody here?"]);
        await Expect(Said(bob)).ToHaveTextAsync(["Is anybody here?"]);
        await bob.GetByLabel("Message").FillAsync("I am.");
        await bob.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await Expect(Said(ann)).ToHaveTextAsync(["Is anybody here?", "I am."]);

        // The first that the other room sees is its own, which was written later.
        await SayAsync(cid, "Nobody.");
        await Expect(Said(cid)).ToHaveTextAsync(["Nobody."]);
        await Expect(Said(bob)).ToHaveTextAsync(["Is anybody here?", "I am."]);
        await Expect(ann.Locator("#node")).ToHaveTextAsync(Environment.MachineName);
        await Expect(ann).ToHaveTitleAsync("lobby · Chat");
    }

    [SkippableFact]
    public async Task One_chooses_a_room_by_its_name_and_a_wrong_name_leads_to_a_page_that_says_what_is_right()
    {
        var page = await browser.NewPageAsync();
        await using var node = await WebNode.StartAsync();

        await page.GotoAsync(node.Address.ToString());
        await page.GetByRole(AriaRole.Link, new() { Name = "Chat" }).ClickAsync();
        await page.GetByLabel("Room").FillAsync("..");
        await page.GetByLabel("Room").PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("No such room");
        await page.GetByRole(AriaRole.Link, new() { Name = "Choose another" }).ClickAsync();
        await page.GetByLabel("Room").FillAsync("lobby");
        await page.GetByLabel("Room").PressAsync("Enter");
        await Expect(page).ToHaveURLAsync(new Uri(node.Address, "/chat/lobby/").ToString());
        await Expect(page.Locator("h1")).ToHaveTextAsync("lobby");
        await Expect(page.Locator("#status")).ToHaveTextAsync("Connected");
    }

    [SkippableFact]
    public async Task Html_is_shown_as_it_was_written()
    {
        await using var node = await WebNode.StartAsync();
        var page = await EnterAsync(node, "lobby");

        await SayAsync(page, "<img src=x onerror=\"document.title='taken'\"> & <b>bold</b>");
        await Expect(Said(page)).ToHaveTextAsync(["<img src=x onerror=\"document.title='taken'\"> & <b>bold</b>"]);
        Assert.Equal(0, await page.Locator("#log img, #log b").CountAsync());
    }

    [SkippableFact]
    public async Task What_is_written_while_the_server_is_gone_stays_in_the_field_until_it_can_be_sent()
    {
        await using var node = await WebNode.StartAsync();
        var page = await EnterAsync(node, "lobby");

        await node.Process.KillAsync();
        await Expect(page.Locator("#status")).ToContainTextAsync("Connection lost");
        await SayAsync(page, "still here");
        await Expect(page.GetByLabel("Message")).ToHaveValueAsync("still here");
        await using var again = await WebNode.StartAsync(new Dictionary<string, string> { ["ASPNETCORE_URLS"] = node.Address.ToString() });
        await Expect(page.Locator("#status")).ToHaveTextAsync("Connected", new() { Timeout = 20_000 });
        await page.GetByLabel("Message").PressAsync("Enter");
        await Expect(Said(page)).ToHaveTextAsync(["still here"]);
        await Expect(page.GetByLabel("Message")).ToHaveValueAsync("");
    }

    [SkippableFact]
    public async Task A_room_fits_a_phone_and_scrolls_to_what_was_said_last()
    {
        await using var node = await WebNode.StartAsync();
        var page = await EnterAsync(node, new string('r', 94), new() { ViewportSize = new() { Width = 360, Height = 640 } });

        await SayAsync(page, new string('m', 300));
        for (var i = 0; i < 40; i++)
        {
            await SayAsync(page, $"line {i}");
        }

        await Expect(Said(page)).ToHaveCountAsync(41);
        await Expect(Said(page).Last).ToBeInViewportAsync();
        await Expect(page.GetByLabel("Message")).ToBeInViewportAsync();
        Assert.Equal(360, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        Assert.Equal(640, await page.EvaluateAsync<int>("document.documentElement.scrollHeight"));
    }

    [SkippableFact]
    public async Task Who_has_scrolled_up_to_read_stays_there_until_he_says_something()
    {
        await using var node = await WebNode.StartAsync();
        var ann = await EnterAsync(node, "lobby");
        var bob = await EnterAsync(node, "lobby");
        for (var i = 0; i < 60; i++)
        {
            await SayAsync(bob, $"line {i}");
        }

        await Expect(Said(ann).Last).ToHaveTextAsync("line 59");
        await ann.Locator("#log").EvaluateAsync("log => { log.scrollTop = 0; }");
        await SayAsync(bob, "news");
        await Expect(Said(ann).Last).ToHaveTextAsync("news");
        await Expect(Said(ann).Last).Not.ToBeInViewportAsync();
        await Expect(Said(ann).First).ToBeInViewportAsync();

        await SayAsync(ann, "I have read it.");
        await Expect(Said(ann).Last).ToHaveTextAsync("I have read it.");
        await Expect(Said(ann).Last).ToBeInViewportAsync();
    }

    private static ILocator Said(IPage page) => page.Locator("#log p span");

    private static async Task SayAsync(IPage page, string text)
    {
        await page.GetByLabel("Message").FillAsync(text);
        await page.GetByLabel("Message").PressAsync("Enter");
    }

    private async Task<IPage> EnterAsync(WebNode node, string room, BrowserNewContextOptions? options = null)
    {
        var page = await browser.NewPageAsync(options);
        await page.GotoAsync(new Uri(node.Address, $"/chat/{room}/").ToString());
        await Expect(page.Locator("#status")).ToHaveTextAsync("Connected");
        return page;
    }
}
