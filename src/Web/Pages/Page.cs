using System.Text.Encodings.Web;

namespace ChannelsNet.Pages;

/// <summary>An HTML page of this demo, with the layout around it and the name of the node in it.</summary>
internal sealed class Page(string file, string title, int status = StatusCodes.Status200OK)
{
    private const string Layout = "layout.html";

    /// <summary>The page is read once, at the first request.</summary>
    private readonly Lazy<string> _html = new(() => Read(Layout)
        .Replace("{{title}}", HtmlEncoder.Default.Encode(title), StringComparison.Ordinal)
        .Replace("{{node}}", HtmlEncoder.Default.Encode(Environment.MachineName), StringComparison.Ordinal)
        .Replace("{{body}}", Read(file), StringComparison.Ordinal));

    public IResult Get(HttpContext context)
    {
        // Each answer names its node, so none may stand for another's.
        context.Response.Headers.CacheControl = "no-store";
        return Results.Content(_html.Value, "text/html; charset=utf-8", statusCode: status);
    }

    private static string Read(string name)
    {
        using var stream = typeof(Page).Assembly.GetManifestResourceStream($"Pages/{name}")
            ?? throw new InvalidOperationException($"There is no embedded page {name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
