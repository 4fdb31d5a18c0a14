using System.Text;
using ChannelsNet.Running;

namespace ChannelsNet;

/// <summary>What the tool answers without a Redis.</summary>
public sealed class ToolTests
{
    private const string Message = """{"type":"x"}""";

    [Theory]
    [InlineData("There is no command; expected one of send, group-send, listen.")]
    [InlineData("\"nope\" is no command; expected one of send, group-send, listen.", "nope")]
    [InlineData("Expected: channelsnet send CHANNEL JSON [options]. See: channelsnet send --help", "send", "jobs")]
    [InlineData("no JSON at line 1, column 2", "send", "jobs", "{type:x}")]
    [InlineData("\"a b\" is not a channel name", "send", "a b", Message)]
    [InlineData("\"a!b\" is not a group name", "group-send", "a!b", Message)]
    [InlineData("--backend is \"x\"; expected core or pubsub", "send", "jobs", Message, "--backend", "x")]
    [InlineData("--serializer is \"x\"; expected msgpack or json", "send", "jobs", Message, "--serializer", "x")]
    [InlineData("--expiry is \"-1\"; expected a time above zero", "send", "jobs", Message, "--expiry", "-1")]
    [InlineData("--redis has \"http://x\", which is no Redis address", "send", "jobs", Message, "--redis", "http://x")]
    [InlineData("--prefix is empty", "send", "jobs", Message, "--prefix", "")]
    [InlineData("Expected one of --group GROUP and --channel CHANNEL.", "listen")]
    [InlineData("Expected one of --group GROUP and --channel CHANNEL.", "listen", "--group", "a", "--channel", "b")]
    [InlineData("--count is \"0\"; expected a whole number from 1 on", "listen", "--group", "a", "--count", "0")]
    [InlineData("--count is \"many\"; expected a whole number from 1 on", "listen", "--group", "a", "--count", "many")]
    public async Task What_is_asked_wrongly_is_told_in_one_line_and_ends_with_2(string expected, params string[] args)
    {
        var (code, output, error) = await RunAsync(args);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("channelsnet listen --group clock", "--help")]
    [InlineData("channelsnet send jobs - --redis redis://10.0.0.5:6379 < job.json", "send", "--help")]
    [InlineData("""{"$bytes":"iVBORw0KGgo="}""", "group-send", "--help")]
    [InlineData("channelsnet listen --channel jobs | jq .id", "listen", "-h")]
    public async Task The_help_of_each_command_has_examples_to_copy(string expected, params string[] args)
    {
        var (code, output, error) = await RunAsync(args);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("Usage:\n  channelsnet ", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_the_version_alone()
    {
        var (code, output, _) = await RunAsync(["--version"]);
        Assert.Equal(0, code);
        Assert.Matches(@"\A\d+\.\d+\.\d+(-[\w.]+)?\r?\n\z", output);
    }

    [Fact]
    public async Task A_dash_reads_the_message_from_standard_input()
    {
        var (code, _, error) = await RunAsync(["send", "jobs", "-"], "[\n");
        Assert.Equal(2, code);
        Assert.Contains("the message is an array", error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string[] args, string input = "")
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        using var read = new MemoryStream(Encoding.UTF8.GetBytes(input));
        var code = await Tool.RunAsync(args, new ToolConsole(read, output, error), CancellationToken.None);
        return (code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
