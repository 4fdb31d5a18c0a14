using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace ChannelsNet.Commands;

/// <summary>The help of System.CommandLine, and below it command lines to copy.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    private static readonly Dictionary<string, string[]> _examples = new()
    {
        ["channelsnet"] =
        [
            "channelsnet listen --group clock",
            """channelsnet group-send chat_lobby '{"type":"chat.message","text":"hello"}'""",
            "channelsnet send --help",
        ],
        [SendCommand.Name] =
        [
            """channelsnet send jobs '{"type":"job.start","id":7}'""",
            """channelsnet send jobs - --redis redis://10.0.0.5:6379 < job.json""",
        ],
        [GroupSendCommand.Name] =
        [
            """channelsnet group-send chat_lobby '{"type":"chat.message","text":"hello"}'""",
            """channelsnet group-send chat_lobby '{"type":"chat.picture","png":{"$bytes":"iVBORw0KGgo="}}'""",
        ],
        [ListenCommand.Name] =
        [
            "channelsnet listen --group clock",
            "channelsnet listen --group chat_lobby --count 1 --backend core --prefix asgi",
            "channelsnet listen --channel jobs | jq .id",
        ],
    };

    public override bool ClearsParseErrors => true;

    /// <summary>The help option of all commands.</summary>
    public static HelpOption Option()
    {
        var option = new HelpOption();
        option.Action = new HelpWithExamples((HelpAction)option.Action!);
        return option;
    }

    public override int Invoke(ParseResult parseResult)
    {
        var code = help.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (var example in _examples[parseResult.CommandResult.Command.Name])
        {
            output.WriteLine($"  {example}");
        }

        return code;
    }
}
