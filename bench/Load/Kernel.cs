using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace ChannelsNet.Bench.Load;

/// <summary>The few calls of Linux that it takes. .NET's own sockets cost a task and a thread's turn for each read.</summary>
internal static partial class Kernel
{
    public const int EpollIn = 1;

    /// <summary>The kernel packs the 4 bytes of events and the 8 of data on x64 only.</summary>
    public static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private const int AddressFamilyInternet = 2;
    private const int SocketStream = 1;
    private const int DontWait = 0x40;
    private const int NoSignal = 0x4000;
    private const int TryAgain = 11;

    /// <summary>A connection to a port of this machine, without delay of small writes.</summary>
    public static int Connect(int port)
    {
        var socket = Check(Socket(AddressFamilyInternet, SocketStream, 0));
        Span<byte> address = stackalloc byte[16];
        address.Clear();
        address[0] = AddressFamilyInternet;
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], (ushort)port);
        BinaryPrimitives.WriteUInt32BigEndian(address[4..], 0x7F000001);
        Check(Connect(socket, ref address[0], address.Length));
        var on = 1;
        Check(SetOption(socket, 6, 1, ref on, sizeof(int)));
        return socket;
    }

    /// <summary>Ends a connection by a reset, which leaves no socket in TIME_WAIT: there are not enough ports for that.</summary>
    public static void Reset(int socket)
    {
        // struct linger { on, seconds }
        var linger = 1L;
        if (!BitConverter.IsLittleEndian)
        {
            linger <<= 32;
        }

        Check(SetOption(socket, 1, 13, ref linger, sizeof(long)));
        Check(Close(socket));
    }

    public static int OpenPoll() => Check(EpollCreate(0));

    /// <summary>Has reads of a socket reported under a number.</summary>
    public static void Watch(int poll, int socket, int number)
    {
        Span<byte> entry = stackalloc byte[EventSize];
        entry.Clear();
        MemoryMarshal.Write(entry, EpollIn);
        MemoryMarshal.Write(entry[^8..], number);
        Check(EpollControl(poll, 1, socket, ref entry[0]));
    }

    /// <summary>Reports no more reads of a socket.</summary>
    public static void Unwatch(int poll, int socket)
    {
        Span<byte> entry = stackalloc byte[EventSize];
        Check(EpollControl(poll, 2, socket, ref entry[0]));
    }

    /// <summary>How many events came within a time.</summary>
    public static int Wait(int poll, byte[] events, int milliseconds)
    {
        var count = EpollWait(poll, ref events[0], events.Length / EventSize, milliseconds);
        return count < 0 ? 0 : count;
    }

    /// <summary>How many bytes came; 0 when none are there, -1 when the connection has ended.</summary>
    public static int Receive(int socket, Span<byte> buffer)
    {
        var count = (int)Receive(socket, ref buffer[0], buffer.Length, DontWait);
        return count > 0 ? count : count < 0 && Marshal.GetLastPInvokeError() == TryAgain ? 0 : -1;
    }

    /// <summary>How many bytes the kernel took; 0 also when the connection has ended, which the next read tells.</summary>
    public static int Send(int socket, ReadOnlySpan<byte> bytes) =>
        Math.Max(0, (int)Send(socket, ref MemoryMarshal.GetReference(bytes), bytes.Length, DontWait | NoSignal));

    private static int Check(int result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int Connect(int socket, ref byte address, int length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(int socket, int level, int option, ref int value, int length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(int socket, int level, int option, ref long value, int length);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int socket);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int socket, ref byte buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(int socket, ref byte buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int EpollControl(int poll, int operation, int socket, ref byte entry);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int EpollWait(int poll, ref byte events, int count, int milliseconds);
}
