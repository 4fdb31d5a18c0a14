using System.CommandLine;
using ChannelsNet.Running;

namespace ChannelsNet.Commands;

/// <summary>Sends one message to all members of a group.</summary>
internal static class GroupSendCommand
{
    public const string Name = "group-send";

    public static Command Create(LayerOptions layer, ToolConsole console)
    {
        var group = new Argument<string>("GROUP") { Description = "The group's name." };
        var message = new MessageArgument(console);
        var command = new Command(Name, "Sends a message to a group, whose members all get it.") { group, message.Argument };
        command.SetAction(async (line, cancellationToken) =>
        {
            var read = await message.ReadAsync(line, cancellationToken).ConfigureAwait(false);
            await LayerRun.RunAsync(layer, line, log: null, async open =>
                await open.GroupSendAsync(line.GetRequiredValue(group), read, cancellationToken: cancellationToken).ConfigureAwait(false))
                .ConfigureAwait(false);
        });
        return command;
    }
}
