using System.Text;

namespace ChannelsNet.Running;

/// <summary>Where the tool reads and writes. Messages go out as UTF-8, whatever the terminal's encoding.</summary>
internal sealed record ToolConsole(Stream In, Stream Out, TextWriter Error)
{
    /// <summary>Writes a line at once, so that whoever reads from a pipe need not wait for more.</summary>
    public async Task WriteLineAsync(string line)
    {
        await Out.WriteAsync(Encoding.UTF8.GetBytes($"{line}\n")).ConfigureAwait(false);
        await Out.FlushAsync().ConfigureAwait(false);
    }
}
