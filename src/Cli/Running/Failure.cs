using ChannelsNet.Commands;
using Microsoft.Extensions.Options;

namespace ChannelsNet.Running;

/// <summary>What was asked of the tool is wrong.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>The tool could not do what it was asked.</summary>
internal sealed class FailedException(string message, Exception cause) : Exception(message, cause);

/// <summary>Tells in one line why a run ends, and gives its exit code.</summary>
internal static class Failure
{
    public static int Report(Exception fault, TextWriter error, CancellationToken interrupted)
    {
        if (interrupted.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }

        var (message, code) = fault switch
        {
            UsageException => (fault.Message, ExitCode.Usage),
            OptionsValidationException options => (string.Join(' ', options.Failures.Select(LayerOptions.Explain)), ExitCode.Usage),

            // A name that the layer does not take.
            ArgumentException argument => (WithoutParameter(argument), ExitCode.Usage),
            FailedException or ChannelFullException or InvalidOperationException or FormatException => (fault.Message, ExitCode.Failed),
            _ => ($"{fault.GetType()}: {fault.Message}", ExitCode.Failed),
        };
        error.WriteLine($"error: {message.ReplaceLineEndings(" ")}");
        return code;
    }

    private static string WithoutParameter(ArgumentException fault) =>
        fault.ParamName is { } name ? fault.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : fault.Message;
}
