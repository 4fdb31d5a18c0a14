using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ChannelsNet.Json;
using ChannelsNet.Running;

namespace ChannelsNet.Commands;

/// <summary>Prints what comes to a group or a channel, a line each.</summary>
internal static class ListenCommand
{
    public const string Name = "listen";

    public static Command Create(LayerOptions layer, ToolConsole console)
    {
        var group = new Option<string?>("--group") { Description = "Become a member of this group.", HelpName = "GROUP" };
        var channel = new Option<string?>("--channel")
        {
            Description = "Take the messages of this channel. What is taken here reaches no other reader.",
            HelpName = "CHANNEL",
        };
        var count = new Option<int?>("--count")
        {
            Description = "End after so many messages. [default: never]",
            HelpName = "N",
            CustomParser = ReadCount,
        };
        var command = new Command(Name, "Prints each message that comes, as one line of JSON, until Ctrl-C.") { group, channel, count };
        command.Validators.Add(result =>
        {
            if (result.GetResult(group) is null == result.GetResult(channel) is null)
            {
                result.AddError("Expected one of --group GROUP and --channel CHANNEL.");
            }
        });
        command.SetAction(async (line, cancellationToken) =>
        {
            var log = new WarningLog(console.Error, cancellationToken);
            await LayerRun.RunAsync(layer, line, log, async open =>
            {
                var listening = new Listening(open, console, log, line.GetValue(count) ?? int.MaxValue);
                await (line.GetValue(group) is { } name
                    ? listening.ToGroupAsync(name, cancellationToken)
                    : listening.ToChannelAsync(line.GetValue(channel)!, cancellationToken)).ConfigureAwait(false);
            }).ConfigureAwait(false);
        });
        return command;
    }

    private static int? ReadCount(ArgumentResult argument)
    {
        var text = argument.Tokens.Count > 0 ? argument.Tokens[0].Value : "";
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
        {
            return number;
        }

        argument.AddError($"--count is \"{text}\"; expected a whole number from 1 on.");
        return null;
    }

    private sealed class Listening(IChannelLayer layer, ToolConsole console, WarningLog log, int count)
    {
        public async Task ToGroupAsync(string group, CancellationToken cancellationToken)
        {
            await CheckAsync(cancellationToken).ConfigureAwait(false);

            // Disposing the channel leaves the group, however this ends.
            var own = await layer.NewChannelAsync("channelsnet", cancellationToken: cancellationToken).ConfigureAwait(false);
            await using var _ = own.ConfigureAwait(false);
            await layer.GroupAddAsync(group, own.Name, cancellationToken).ConfigureAwait(false);
            await PrintAsync(own.ReadAsync, cancellationToken).ConfigureAwait(false);
        }

        public async Task ToChannelAsync(string channel, CancellationToken cancellationToken)
        {
            await CheckAsync(cancellationToken).ConfigureAwait(false);
            await PrintAsync(stop => layer.ReceiveAsync(channel, stop), cancellationToken).ConfigureAwait(false);
        }

        private async Task PrintAsync(Func<CancellationToken, ValueTask<Message>> receive, CancellationToken cancellationToken)
        {
            var next = receive(cancellationToken).AsTask();

            // The first read subscribes; a round trip later it has.
            await CheckAsync(cancellationToken).ConfigureAwait(false);
            log.Start();
            await console.Error.WriteLineAsync("ready").ConfigureAwait(false);
            for (var left = count; ; next = receive(cancellationToken).AsTask())
            {
                await console.WriteLineAsync(MessageWriter.Write((UntypedMessage)await next.ConfigureAwait(false))).ConfigureAwait(false);
                if (--left == 0)
                {
                    return;
                }
            }
        }

        /// <summary>
        /// Goes to Redis and back, or fails. A layer waits without end for a Redis that is away, which is right for a server; who
        /// has typed a wrong address wants to be told.
        /// </summary>
        private ValueTask CheckAsync(CancellationToken cancellationToken) => layer.GroupSendAsync(
            $"channelsnet.{Guid.NewGuid():N}",
            new UntypedMessage("channelsnet.check", new Dictionary<string, object?>()),
            cancellationToken: cancellationToken);
    }
}
