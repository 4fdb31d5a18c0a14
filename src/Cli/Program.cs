using ChannelsNet.Running;

namespace ChannelsNet;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        using var interrupt = Interrupt.Watch();
        var console = new ToolConsole(Console.OpenStandardInput(), Console.OpenStandardOutput(), Console.Error);
        var code = await Tool.RunAsync(args, console, interrupt.Token).ConfigureAwait(false);
        return interrupt.ExitCode ?? code;
    }
}
