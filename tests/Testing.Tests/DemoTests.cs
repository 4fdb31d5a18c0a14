using ChannelsNet.Chat;
using ChannelsNet.Clock;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet;

/// <summary>The demo's consumers, as a user of the kit tests theirs. docs/testing.md quotes from here.</summary>
public sealed class DemoTests
{
    private static readonly IApplication _application = new ProtocolTypeRouter
    {
        WebSocket = new UrlRouter { ["msg/"] = Consumer.For<ClockConsumer>(), ["chat/{room}/"] = Consumer.For<ChatConsumer>() },
    };

    [Fact]
    public async Task What_one_says_all_in_the_room_hear_and_nobody_in_another()
    {
        await using var channels = TestChannels.Create(channels => channels.AddMessage<ChatMessage>().AddMessage<Tick>());
        await using var ann = channels.WebSocket(_application, "/chat/tea/");
        await using var bob = channels.WebSocket(_application, "/chat/tea/");
        await using var cid = channels.WebSocket(_application, "/chat/cellar/");
        Assert.True((await ann.ConnectAsync()).Accepted);
        Assert.True((await bob.ConnectAsync()).Accepted);
        Assert.True((await cid.ConnectAsync()).Accepted);

        await ann.SendJsonAsync(new ChatInput("hello"));
        Assert.Equal(new ChatMessage("hello"), await ann.ReceiveJsonAsync<ChatMessage>());
        Assert.Equal(new ChatMessage("hello"), await bob.ReceiveJsonAsync<ChatMessage>());
        await cid.ReceiveNothingAsync();

        await ann.DisconnectAsync();
        Assert.Single(channels.MembersOf("chat_tea"));
    }

    [Fact]
    public async Task A_room_whose_name_is_none_is_refused_and_a_text_that_is_none_ends_the_connection()
    {
        await using var channels = TestChannels.Create(channels => channels.AddMessage<ChatMessage>().AddMessage<Tick>());
        await using var ann = channels.WebSocket(_application, "/chat/a%20b/");
        Assert.Equal(403, (await ann.ConnectAsync()).Status);

        await using var bob = channels.WebSocket(_application, "/chat/tea/");
        await bob.ConnectAsync();
        await bob.SendTextAsync("hello");
        Assert.Equal(1003, (await bob.ReceiveCloseAsync()).Code);
    }

    [Fact]
    public async Task The_clock_ticks_when_the_test_says_so()
    {
        await using var channels = TestChannels.Create(channels => channels.AddMessage<Tick>().AddMessage<ChatMessage>().AddProducer<TimeProducer>());
        await using var clock = channels.WebSocket(_application, "/msg/");
        await clock.ConnectAsync();
        await channels.StartAsync();
        await clock.ReceiveNothingAsync();

        await channels.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(new Tick("00:00:01"), await clock.ReceiveJsonAsync<Tick>());
        await channels.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(new Tick("00:00:02"), await clock.ReceiveJsonAsync<Tick>());
        await clock.ReceiveNothingAsync();
    }
}
