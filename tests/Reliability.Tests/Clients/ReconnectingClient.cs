using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.RegularExpressions;

namespace ChannelsNet.Clients;

/// <summary>
/// A client that comes back as a browser with the demo's <c>socket.js</c> does: after the time that the close tells, else after a growing time of its own.
/// It keeps count of the numbered messages that it has heard.
/// </summary>
internal sealed partial class ReconnectingClient(Uri uri, Clock clock)
{
    private static readonly TimeSpan _first = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(15);

    private readonly List<List<int>> _heard = [];
    private volatile bool _isConnected;

    public bool IsConnected => _isConnected;

    /// <summary>How often the connection has ended.</summary>
    public int Ends { get; private set; }

    /// <summary>With what codes it has ended; 1006 for a break; a try that was refused by its HTTP status, 0 for none.</summary>
    public List<int> Codes { get; } = [];

    /// <summary>The longest time without a connection.</summary>
    public TimeSpan LongestAway { get; private set; }

    /// <summary>The numbers that it has heard, in the order in which they came, by connection. To be looked at when it has stopped.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Heard => _heard;

    public int LastHeard { get; private set; }

    public async Task RunAsync(CancellationToken stopping)
    {
        var wait = _first;
        TimeSpan? awaySince = null;
        while (!stopping.IsCancellationRequested)
        {
            using var socket = new ClientWebSocket();
            socket.Options.CollectHttpResponseDetails = true;
            try
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                patience.CancelAfter(TimeSpan.FromSeconds(20));
                await socket.ConnectAsync(uri, patience.Token);
                if (awaySince is { } since)
                {
                    LongestAway = TimeSpan.FromTicks(Math.Max(LongestAway.Ticks, (clock.Now - since).Ticks));
                }

                wait = _first;
                _isConnected = true;
                await ListenAsync(socket, stopping);
            }
            catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or IOException)
            {
                // It has been refused, or has ended without a close.
            }

            if (stopping.IsCancellationRequested)
            {
                return;
            }

            var wasConnected = _isConnected;
            Codes.Add(wasConnected ? (int)(socket.CloseStatus ?? (WebSocketCloseStatus)1006) : (int)socket.HttpStatusCode);
            if (wasConnected)
            {
                _isConnected = false;
                Ends++;
                awaySince = clock.Now;
            }

            awaySince ??= clock.Now;
            var told = Told().Match(socket.CloseStatusDescription ?? "");
            var delay = told.Success
                ? TimeSpan.FromMilliseconds(int.Parse(told.Groups[1].Value, CultureInfo.InvariantCulture))
                : wait * (1 - (Random.Shared.NextDouble() / 2));
            wait = TimeSpan.FromTicks(Math.Min(wait.Ticks * 2, _longest.Ticks));
            await Task.Delay(delay, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ListenAsync(ClientWebSocket socket, CancellationToken stopping)
    {
        var buffer = new byte[1024];
        var heard = new List<int>();
        _heard.Add(heard);
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), stopping);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure, null, stopping);
                return;
            }

            LastHeard = int.Parse(Number().Match(Encoding.UTF8.GetString(buffer, 0, part.Count)).Value, CultureInfo.InvariantCulture);
            heard.Add(LastHeard);
        }
    }

    [GeneratedRegex(@"Retry in (\d+) ms")]
    private static partial Regex Told();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}

/// <summary>The time since the beginning of a test.</summary>
internal sealed class Clock
{
    private readonly long _start = TimeProvider.System.GetTimestamp();

    public TimeSpan Now => TimeProvider.System.GetElapsedTime(_start);
}
