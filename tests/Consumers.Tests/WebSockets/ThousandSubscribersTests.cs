using System.Buffers.Text;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.WebSockets;

/// <summary>Tests that measure the memory of this process, while no other test runs.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class AloneCollection;

[Collection("alone")]
public sealed class ThousandSubscribersTests
{
    private const int Readers = 998;
    private const int Messages = 10_000;

    /// <summary>So many are sent before all readers have the ones before: fewer than a channel's capacity, so that none may be dropped.</summary>
    private const int Ahead = 25;

    /// <summary>What each message has behind its number; if those that a slow client misses were kept, it would be seen in the memory.</summary>
    private static readonly string _more = new('x', 110);

    private sealed class Listens : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => ["room"];

        protected override async Task ConnectAsync()
        {
            await AcceptAsync();
            await SendTextAsync("!");
        }

        public Task HandleAsync(Note message) => SendTextAsync(message.Text);
    }

    [Fact]
    public async Task One_that_never_reads_costs_the_others_no_message_and_the_server_no_memory()
    {
        await using var server = await TestServer.StartAsync(
            app => app.MapChannels(new ProtocolTypeRouter
            {
                WebSocket = new UrlRouter
                {
                    ["ws/"] = Consumer.For<Listens>(),
                    ["dropping/"] = Consumer.For<Listens>().WithWebSocketOptions(options => options.WhenFull = WhenFull.DropOldest),
                },
            }),
            services => TestServer.SendLittle(services.Configure<WebSocketConnectionOptions>(options => options.PingInterval = TimeSpan.Zero)));
        using var disconnected = await RawClient.ConnectAsync(server, "/ws/", takesLittle: true);
        using var kept = await RawClient.ConnectAsync(server, "/dropping/", takesLittle: true);
        Assert.Equal("text !", await disconnected.NextAsync());
        Assert.Equal("text !", await kept.NextAsync());
        var readers = new List<Reader>();
        try
        {
            for (var i = 0; i < Readers; i++)
            {
                readers.Add(await Reader.ConnectAsync(server));
            }

            var start = 0L;
            for (var sent = 0; sent < Messages;)
            {
                for (var i = 0; i < Ahead; i++, sent++)
                {
                    await server.Layer.GroupSendAsync("room", new Note($"{sent}{_more}"));
                }

                await Task.WhenAll(readers.Select(reader => reader.ReadUpToAsync(sent)));
                if (sent == 2_000)
                {
                    start = GC.GetTotalMemory(forceFullCollection: true);
                }
            }

            var grown = GC.GetTotalMemory(forceFullCollection: true) - start;
            Assert.InRange(grown, long.MinValue, 1024 * 1024);
            Assert.All(readers, reader => Assert.Equal(Messages, reader.Next));
            Assert.Empty(server.Errors);
        }
        finally
        {
            readers.ForEach(reader => reader.Dispose());
        }
    }

    /// <summary>A client that only counts: the next message must be the next number.</summary>
    private sealed class Reader(RawClient client) : IDisposable
    {
        private readonly byte[] _buffer = new byte[8192];
        private int _length;

        public int Next { get; private set; }

        public static async Task<Reader> ConnectAsync(TestServer server)
        {
            var client = await RawClient.ConnectAsync(server);
            Assert.Equal("text !", await client.NextAsync());
            return new Reader(client);
        }

        public async Task ReadUpToAsync(int number)
        {
            using var patience = new CancellationTokenSource(TestServer.Patience);
            while (Next < number)
            {
                var read = await client.Socket.ReceiveAsync(_buffer.AsMemory(_length), patience.Token);
                if (read == 0)
                {
                    throw new EndOfStreamException(string.Create(CultureInfo.InvariantCulture, $"The connection has ended before message {Next}."));
                }

                _length += read;
                Take();
            }
        }

        public void Dispose() => client.Dispose();

        private void Take()
        {
            var at = 0;
            while (_length - at >= 2 && _length - at >= 2 + _buffer[at + 1])
            {
                var length = _buffer[at + 1];
                if (_buffer[at] != 0x81 || !Utf8Parser.TryParse(_buffer.AsSpan(at + 2, length), out int number, out var used) || used + _more.Length != length || number != Next)
                {
                    throw new InvalidDataException($"Expected message {Next}, got {Convert.ToHexString(_buffer.AsSpan(at, 2 + length))}.");
                }

                Next++;
                at += 2 + length;
            }

            _buffer.AsSpan(at, _length - at).CopyTo(_buffer);
            _length -= at;
        }
    }
}
