using System.Buffers.Text;
using System.Globalization;

namespace ChannelsNet.Bench.Load;

/// <summary>What is sent: "#0000000123", filled up with dots. A frame is made once, and only its digits change.</summary>
internal sealed class Text
{
    private const byte Marker = (byte)'#';
    private const int Digits = 10;

    private readonly byte[] _frame;
    private readonly int _digits;

    public Text(Protocol protocol, Role role, int size)
    {
        _frame = protocol.Frame(role, $"#{new string('0', Digits)}".PadRight(size, '.'));
        _digits = _frame.AsSpan().IndexOf("#0000000000"u8) + 1;
    }

    /// <summary>The frame of a number, until the next is asked for.</summary>
    public ReadOnlySpan<byte> Frame(long number)
    {
        number.TryFormat(_frame.AsSpan(_digits, Digits), out _, "D10", CultureInfo.InvariantCulture);
        return _frame;
    }

    /// <summary>The number of the text in these bytes; -1 when there is none.</summary>
    public static long FindNumber(ReadOnlySpan<byte> bytes)
    {
        while (bytes.IndexOf(Marker) is >= 0 and var at)
        {
            bytes = bytes[(at + 1)..];
            if (bytes.Length >= Digits && Utf8Parser.TryParse(bytes[..Digits], out long number, out var used) && used == Digits)
            {
                return number;
            }
        }

        return -1;
    }
}
