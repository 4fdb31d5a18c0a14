using Microsoft.Playwright;

namespace ChannelsNet;

/// <summary>
/// A headless Chromium: the program in CHANNELSNET_CHROMIUM, or one on the PATH. Where there is none the tests of this project are
/// skipped; with CHANNELSNET_REQUIRE_CHROMIUM=1, as in CI, they fail.
/// </summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private static readonly string[] _names = ["chromium", "chromium-browser", "google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        if (FindChromium() is not { } chromium)
        {
            Assert.NotEqual("1", Environment.GetEnvironmentVariable("CHANNELSNET_REQUIRE_CHROMIUM"));
            return;
        }

        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = chromium,
            Headless = true,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        });
    }

    /// <summary>A page of a browser window of its own.</summary>
    public async Task<IPage> NewPageAsync(BrowserNewContextOptions? options = null)
    {
        Skip.If(_browser is null, "No Chromium was found, so the pages were not looked at. Install chromium, or name one in CHANNELSNET_CHROMIUM.");
        return await (await _browser!.NewContextAsync(options)).NewPageAsync();
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    private static string? FindChromium() => Environment.GetEnvironmentVariable("CHANNELSNET_CHROMIUM") is { Length: > 0 } named
        ? named
        : (from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
           from name in _names
           let path = Path.Combine(folder, name)
           where File.Exists(path)
           select path).FirstOrDefault();
}
