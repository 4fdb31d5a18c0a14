using System.Buffers;
using System.Text;
using System.Text.Unicode;
using ChannelsNet.WebSockets.Compression;
using static ChannelsNet.WebSockets.WebSocketFrames;

namespace ChannelsNet.WebSockets.Receiving;

/// <summary>The message that is coming in, of which parts are there already. It holds no memory while there is none.</summary>
internal struct MessageBuilder
{
    private const int Smallest = 256;

    private byte[]? _bytes;
    private int _length;
    private int _checked;
    private int _empty;
    private bool _isText;
    private bool _isCompressed;

    /// <summary>Whether a message has begun and not ended.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>How many bytes of payload are there.</summary>
    public readonly int Length => _length;

    /// <summary>As long as it counts for the limit: a fragment without payload as one byte, so that they are not without end.</summary>
    public readonly long Size => (long)_length + _empty;

    /// <summary>How many bytes of payload a message may come in.</summary>
    /// <param name="maxMessageSize">How many bytes it may have.</param>
    public readonly int LongestPayload(int maxMessageSize) => _isCompressed ? MessageInflate.LongestCompressed(maxMessageSize) : maxMessageSize;

    public void Begin(Opcode opcode, bool isCompressed)
    {
        (_isText, _isCompressed) = (opcode == Opcode.Text, isCompressed);
        HasBegun = true;
    }

    /// <summary>Adds a fragment without payload, which is not the last.</summary>
    public void AddEmpty() => _empty++;

    /// <summary>Adds some bytes of a payload, which are still masked.</summary>
    /// <param name="part">The bytes.</param>
    /// <param name="mask">The mask of their frame.</param>
    /// <param name="offset">How many bytes of the frame came before these.</param>
    /// <param name="expected">How many bytes the message will have at least.</param>
    public void Add(ReadOnlySpan<byte> part, uint mask, long offset, int expected)
    {
        Reserve(_length + part.Length, expected);
        FrameMask.Remove(mask, offset, part, _bytes.AsSpan(_length));
        _length += part.Length;
    }

    /// <summary>More is to come: text that can't become UTF-8 any more is refused now.</summary>
    public void CheckSoFar()
    {
        if (_isText && !_isCompressed)
        {
            var rest = _bytes.AsSpan(_checked, _length - _checked);
            rest = rest[..^IncompleteTail(rest)];
            Check(rest);
            _checked += rest.Length;
        }
    }

    /// <summary>The last frame has ended.</summary>
    /// <param name="maxMessageSize">How many bytes the message may have when it is no longer compressed.</param>
    public ClientEvent End(int maxMessageSize)
    {
        try
        {
            if (_isCompressed && _length > 0)
            {
                Inflate(maxMessageSize);
            }

            var bytes = _bytes.AsSpan(0, _length);
            if (!_isText)
            {
                return new WebSocketReceive(bytes.ToArray());
            }

            Check(bytes[_checked..]);
            return new WebSocketReceive(Encoding.UTF8.GetString(bytes));
        }
        finally
        {
            Clear();
        }
    }

    /// <summary>Drops what there is.</summary>
    public void Clear()
    {
        if (_bytes is not null)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        this = default;
    }

    /// <summary>How many bytes at the end are the beginning of a character.</summary>
    private static int IncompleteTail(ReadOnlySpan<byte> text)
    {
        for (var length = 1; length <= Math.Min(3, text.Length); length++)
        {
            if (Rune.DecodeFromUtf8(text[^length..], out _, out _) == OperationStatus.NeedMoreData)
            {
                return length;
            }
        }

        return 0;
    }

    private static void Check(ReadOnlySpan<byte> text)
    {
        if (!Utf8.IsValid(text))
        {
            throw new ClientFaultException(CloseCodes.InvalidPayload, "A text message must be UTF-8.");
        }
    }

    private void Inflate(int maxMessageSize)
    {
        var tail = MessageInflate.Tail;
        Reserve(_length + tail.Length, 0);
        tail.CopyTo(_bytes.AsSpan(_length));
        var inflated = MessageInflate.Inflate(_bytes!, _length + tail.Length, maxMessageSize, out var length);
        ArrayPool<byte>.Shared.Return(_bytes!);
        (_bytes, _length) = (inflated, length);
    }

    private void Reserve(int length, int expected)
    {
        if (_bytes is null)
        {
            _bytes = ArrayPool<byte>.Shared.Rent(Math.Max(Smallest, Math.Max(length, Math.Min(expected, 2 * length))));
        }
        else if (_bytes.Length < length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(length, 2 * _bytes.Length));
            _bytes.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }
    }
}
