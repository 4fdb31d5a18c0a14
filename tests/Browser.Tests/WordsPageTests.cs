using ChannelsNet.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ChannelsNet;

public sealed class WordsPageTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    [SkippableFact]
    public async Task The_page_shows_what_the_worker_has_counted()
    {
        var page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = 360, Height = 640 } });
        await using var node = await WebNode.StartAsync();

        await page.GotoAsync(new Uri(node.Address, "/").ToString());
        await page.GetByRole(AriaRole.Link, new() { Name = "Word count" }).ClickAsync();
        await Expect(page.Locator("#status")).ToHaveTextAsync("Connected");
        await page.GetByLabel("Text").FillAsync("three <b>small</b> words");
        await page.GetByRole(AriaRole.Button, new() { Name = "Count" }).ClickAsync();
        await Expect(page.Locator("#answer")).ToContainTextAsync("3 words, counted by ");
        await page.GetByLabel("Text").FillAsync("one");
        await page.GetByLabel("Text").PressAsync("Enter");
        await Expect(page.Locator("#answer")).ToContainTextAsync("1 word, counted by ");
        Assert.Equal(360, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }
}
