using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ChannelsNet.Support;

/// <summary>One command to a server on a connection of its own, also to one that no client would use yet.</summary>
public static class RedisQuestion
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    /// <returns>A string, null, or an array of those; numbers as strings.</returns>
    /// <exception cref="InvalidOperationException">The server answered with an error.</exception>
    public static async Task<object?> AskAsync(int port, params string[] words)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await using var stream = client.GetStream();
        var command = new StringBuilder($"*{words.Length}\r\n");
        foreach (var word in words)
        {
            command.Append(CultureInfo.InvariantCulture, $"${word.Length}\r\n{word}\r\n");
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes(command.ToString()));
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await ReadAsync(reader).WaitAsync(_patience);
    }

    /// <summary>Asks until the answer is the right one; a server that does not answer yet is asked again.</summary>
    public static async Task WhenAsync(int port, string[] words, Func<object?, bool> right)
    {
        using var patience = new CancellationTokenSource(_patience);
        object? last = null;
        while (true)
        {
            try
            {
                last = await AskAsync(port, words);
                if (right(last))
                {
                    return;
                }
            }
            catch (Exception fault) when (fault is SocketException or IOException or InvalidOperationException)
            {
                last = fault.Message;
            }

            if (patience.IsCancellationRequested)
            {
                throw new TimeoutException($"{string.Join(' ', words)} to port {port} still says: {Text(last)}");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>An answer in one line.</summary>
    public static string Text(object? answer) => answer is object?[] items ? $"[{string.Join(' ', items.Select(Text))}]" : $"{answer}";

    private static async Task<object?> ReadAsync(StreamReader reader)
    {
        var line = await reader.ReadLineAsync() ?? throw new IOException("The server hung up.");
        switch (line[0])
        {
            case '-':
                throw new InvalidOperationException(line[1..]);
            case '$' when line == "$-1":
            case '*' when line == "*-1":
                return null;
            case '$':
                var text = new char[int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture) + 2];
                await reader.ReadBlockAsync(text);
                return new string(text, 0, text.Length - 2);
            case '*':
                var items = new object?[int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture)];
                for (var i = 0; i < items.Length; i++)
                {
                    items[i] = await ReadAsync(reader);
                }

                return items;
            default:
                return line[1..];
        }
    }
}
