using System.Runtime.InteropServices;

namespace ChannelsNet.Running;

/// <summary>Ctrl-C and SIGTERM: the first asks the tool to end, the second ends it.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _signals = [];

    private Interrupt()
    {
    }

    public CancellationToken Token => _source.Token;

    /// <summary>128 and the number of the signal, as shells have it; null if none came.</summary>
    public int? ExitCode { get; private set; }

    public static Interrupt Watch()
    {
        var interrupt = new Interrupt();
        interrupt.On(PosixSignal.SIGINT, Running.ExitCode.Interrupted);
        interrupt.On(PosixSignal.SIGTERM, Running.ExitCode.Terminated);
        return interrupt;
    }

    public void Dispose()
    {
        _signals.ForEach(signal => signal.Dispose());
        _source.Dispose();
    }

    private void On(PosixSignal signal, int code) => _signals.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = ExitCode is null;
        ExitCode ??= code;
        _source.Cancel();
    }));
}
