using System.CommandLine;
using System.CommandLine.Invocation;
using ChannelsNet.Commands;
using ChannelsNet.Running;

namespace ChannelsNet;

/// <summary>The command line as a whole: its commands, and what ends a run with which exit code.</summary>
internal static class Tool
{
    public static async Task<int> RunAsync(string[] args, ToolConsole console, CancellationToken cancellationToken)
    {
        var layer = new LayerOptions();
        var root = Commands(layer, console);
        try
        {
            // A word that begins with '@' is a word, not the name of a file with more words.
            var line = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
            if (line.Action is ParseErrorAction)
            {
                throw new UsageException(Explain(line, root));
            }

            using var output = new StreamWriter(console.Out, leaveOpen: true);
            var run = new InvocationConfiguration
            {
                Output = output,
                Error = console.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await line.InvokeAsync(run, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            return Failure.Report(fault, console.Error, cancellationToken);
        }
    }

    private static Command Commands(LayerOptions layer, ToolConsole console)
    {
        // A RootCommand would have the name of the assembly.
        var root = new Command("channelsnet", "Looks into a channel layer of ChannelsNet, and sends to it.")
        {
            HelpWithExamples.Option(),
            new VersionOption(),
            SendCommand.Create(layer, console),
            GroupSendCommand.Create(layer, console),
            ListenCommand.Create(layer, console),
        };
        foreach (var option in layer.All)
        {
            root.Add(option);
        }

        return root;
    }

    private static string Explain(ParseResult line, Command root)
    {
        var command = line.CommandResult.Command;
        var commands = string.Join(", ", command.Subcommands.Select(sub => sub.Name));
        if (command == root)
        {
            return line.UnmatchedTokens is [var word, ..]
                ? $"\"{word}\" is no command; expected one of {commands}. See: {root.Name} --help"
                : $"There is no command; expected one of {commands}. See: {root.Name} --help";
        }

        var faults = line.Errors.Select(error => error.Message).Distinct();
        var expected = string.Concat(command.Arguments.Select(argument => $" {argument.Name}"));
        return $"{string.Join(" ", faults)} Expected: {root.Name} {command.Name}{expected} [options]. See: {root.Name} {command.Name} --help";
    }
}
