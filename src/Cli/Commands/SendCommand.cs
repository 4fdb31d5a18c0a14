using System.CommandLine;
using ChannelsNet.Running;

namespace ChannelsNet.Commands;

/// <summary>Sends one message to one channel.</summary>
internal static class SendCommand
{
    public const string Name = "send";

    public static Command Create(LayerOptions layer, ToolConsole console)
    {
        var channel = new Argument<string>("CHANNEL") { Description = "The channel's name." };
        var message = new MessageArgument(console);
        var command = new Command(Name, "Sends a message to a channel, where one reader gets it.") { channel, message.Argument };
        command.SetAction(async (line, cancellationToken) =>
        {
            var read = await message.ReadAsync(line, cancellationToken).ConfigureAwait(false);
            await LayerRun.RunAsync(layer, line, log: null, async open =>
                await open.SendAsync(line.GetRequiredValue(channel), read, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        });
        return command;
    }
}
