using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Hostile;

/// <summary>Names of groups that a client has made up, where a policy keeps it out of some.</summary>
public sealed class HostileNamesTests
{
    private sealed class JoinsWhatItIsTold : WebSocketConsumer, IHandle<Note>
    {
        protected override async Task ReceiveAsync(string text)
        {
            await GroupAddAsync(text);
            await SendTextAsync("joined");
        }

        public Task HandleAsync(Note message) => SendTextAsync(message.Text);
    }

    [Theory]
    [InlineData("staff_1", "close 3003 You may not join this group.")]
    [InlineData("staff_", "close 3003 You may not join this group.")]
    [InlineData("staff_*", "close 1011")]
    [InlineData("staff_?", "close 1011")]
    [InlineData("[s]taff_1", "close 1011")]
    [InlineData(" staff_1", "close 1011")]
    [InlineData("staff_1 ", "close 1011")]
    [InlineData("staff_1\n", "close 1011")]
    [InlineData("staff_1\0", "close 1011")]
    [InlineData("staff_1!", "close 1011")]
    [InlineData("\uFF53taff_1", "close 1011")]
    [InlineData("staff\u200B_1", "close 1011")]
    [InlineData("sta\u00ADff_1", "close 1011")]
    [InlineData("", "close 1011")]
    [InlineData("STAFF_1", "joined")]
    [InlineData("room", "joined")]
    public async Task Nobody_gets_by_a_made_up_name_into_a_group_that_a_policy_denies(string name, string answer)
    {
        await using var server = await TestServer.StartAsync(Consumer.For<JoinsWhatItIsTold>(), services =>
        {
            services.AddAuthorizationBuilder().AddPolicy("nobody", policy => policy.RequireAssertion(_ => false));
            services.AddChannels().AddGroupPolicy("staff_*", "nobody");
        });
        using var client = await server.ConnectAsync();
        await client.SendAsync(name);
        Assert.StartsWith(answer, await client.ReceiveAsync(), StringComparison.Ordinal);
        Assert.Empty(server.Local.MembersOf("staff_1"));
        if (answer == "joined")
        {
            Assert.Single(server.Local.MembersOf(name));
            await server.Layer.GroupSendAsync("staff_1", new Note("secret"));
            await server.Layer.GroupSendAsync(name, new Note("for all"));
            Assert.Equal("for all", await client.ReceiveAsync());
        }
    }
}
