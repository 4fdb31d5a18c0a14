using System.CommandLine;
using System.Text;
using ChannelsNet.Json;
using ChannelsNet.Running;

namespace ChannelsNet.Commands;

/// <summary>The argument JSON: the message itself, or "-" for standard input.</summary>
internal sealed class MessageArgument(ToolConsole console)
{
    public Argument<string> Argument { get; } = new("JSON")
    {
        Description =
            """The message: an object with "type" and what else belongs to it; bytes as {"$bytes":"base64"}. - reads it from standard input.""",
    };

    public async Task<UntypedMessage> ReadAsync(ParseResult line, CancellationToken cancellationToken)
    {
        var text = line.GetRequiredValue(Argument);
        if (text != "-")
        {
            return MessageReader.Read(Encoding.UTF8.GetBytes(text));
        }

        using var input = new MemoryStream();
        await console.In.CopyToAsync(input, cancellationToken).ConfigureAwait(false);
        return MessageReader.Read(input.GetBuffer().AsSpan(0, (int)input.Length));
    }
}
