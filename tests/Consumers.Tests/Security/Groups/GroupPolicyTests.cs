using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Security.Groups;

/// <summary>Who joins a group through a consumer is asked by the policies of the group.</summary>
public sealed class GroupPolicyTests
{
    private readonly Refused _refused = new();
    private readonly Diary _diary = new();

    /// <summary>Joins what the client says, and before that what the route says.</summary>
    private sealed class Joins(Diary diary) : WebSocketConsumer, IHandle<Note>
    {
        protected internal override IReadOnlyList<string> Groups => Scope.RouteValues["group"] is string group ? [group] : [];

        protected override async Task ReceiveAsync(string text)
        {
            if (text.StartsWith("try ", StringComparison.Ordinal))
            {
                try
                {
                    await GroupAddAsync(text[4..]);
                }
                catch (GroupDeniedException fault)
                {
                    await SendTextAsync($"denied {fault.Group} by {fault.Policy}");
                    return;
                }
            }
            else
            {
                await GroupAddAsync(text);
            }

            await SendTextAsync($"joined {text}");
        }

        public Task HandleAsync(Note message) => SendTextAsync(message.Text);

        protected override Task DisconnectAsync(int code)
        {
            diary.Note($"disconnect {code}");
            return Task.CompletedTask;
        }
    }

    private sealed class OwnsRequirement : IAuthorizationRequirement;

    /// <summary>A user may join groups of his own, at the door that says so; it has a service of the connection.</summary>
    private sealed class OwnsHandler(PerConnection service) : AuthorizationHandler<OwnsRequirement, GroupJoin>
    {
        protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, OwnsRequirement requirement, GroupJoin resource)
        {
            if (service.IsThere && resource.Group.EndsWith($"_{context.User.Identity?.Name}", StringComparison.Ordinal) && resource.Scope.Type == Scope.WebSocket)
            {
                context.Succeed(requirement);
            }

            return Task.CompletedTask;
        }
    }

    private sealed class PerConnection
    {
        public bool IsThere { get; } = true;
    }

    private Task<TestServer> StartAsync(Action<ChannelsBuilder>? groups = null) => TestServer.StartAsync(
        app => app.MapChannels(new UrlRouter { ["ws/"] = Consumer.For<Joins>(), ["in/{group}/"] = Consumer.For<Joins>() }),
        services =>
        {
            Tokens.Accept(services);
            services.AddSingleton(_diary).AddScoped<PerConnection>().AddScoped<IAuthorizationHandler, OwnsHandler>();
            services.AddAuthorizationBuilder()
                .AddPolicy("staff", policy => policy.RequireRole("staff"))
                .AddPolicy("own", policy => policy.AddRequirements(new OwnsRequirement()));
            (groups ?? (builder => builder.AddGroupPolicy("staff_*", "staff").AddGroupPolicy("*_of_?*", "own")))(services.AddChannels());
            _refused.Attach(services);
        });

    private static Task<WebSocketClient> ConnectAsync(TestServer server, string path, string user, string? role = null)
    {
        var (name, value) = Tokens.Header(user, role);
        return server.ConnectAsync(path, options => options.SetRequestHeader(name, value));
    }

    private sealed class HearsStaff : WebSocketConsumer
    {
        protected internal override IReadOnlyList<string> Groups => ["staff_news"];
    }

    [Fact]
    public async Task A_stream_whose_group_is_denied_ends_alone_with_the_code_of_a_denial()
    {
        await using var server = await TestServer.StartAsync(
            new Multiplexer { ["staff"] = Consumer.For<HearsStaff>(), ["all"] = Consumer.For<Joins>() },
            services =>
            {
                Tokens.Accept(services);
                services.AddSingleton(_diary).AddScoped<PerConnection>();
                services.AddAuthorizationBuilder().AddPolicy("staff", policy => policy.RequireRole("staff"));
                services.AddChannels().AddGroupPolicy("staff_*", "staff");
            });
        using var client = await ConnectAsync(server, "/ws/", "ada");
        string[] told = [await client.ReceiveAsync(), await client.ReceiveAsync()];
        Assert.Contains(told, text => text.StartsWith("""{"stream":"staff","close":{"code":3003,""", StringComparison.Ordinal));
        Assert.Contains("""{"stream":"all","open":true}""", told);
    }

    [Theory]
    [InlineData("ada", "staff", "staff_news", "joined try staff_news")]
    [InlineData("ada", null, "staff_news", "denied staff_news by staff")]
    [InlineData("ada", null, "staff", "joined try staff")]
    [InlineData("ada", null, "news", "joined try news")]
    [InlineData("ada", null, "files_of_ada", "joined try files_of_ada")]
    [InlineData("bob", null, "files_of_ada", "denied files_of_ada by own")]
    [InlineData("bob", "staff", "staff_of_ada", "denied staff_of_ada by own")]
    [InlineData("ada", null, "staff_of_ada", "denied staff_of_ada by staff")]
    [InlineData("ada", "staff", "staff_of_ada", "joined try staff_of_ada")]
    public async Task Each_policy_that_matches_must_admit(string user, string? role, string group, string expected)
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server, "/ws/", user, role);
        await client.SendAsync($"try {group}");
        Assert.Equal(expected, await client.ReceiveAsync());

        // Only who was admitted hears the group; the client's message and the layer's may change places, but not two of each.
        await server.Layer.GroupSendAsync(group, new Note("heard"));
        var heard = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            await client.SendAsync("try last");
            do
            {
                heard.Add(await client.ReceiveAsync());
            }
            while (heard[^1] == "heard");
        }

        Assert.Equal(expected.StartsWith("joined", StringComparison.Ordinal), heard.Contains("heard"));
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_denial_that_nobody_handles_closes_with_3003_and_is_no_error()
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server, "/ws/", "ada");
        await client.SendAsync("staff_secret");
        Assert.Equal("close 3003 You may not join this group.", await client.ReceiveAsync());
        await client.CloseAsync(CloseCodes.Forbidden);
        Assert.Equal("disconnect 3003", await _diary.NextAsync());
        Assert.Empty(server.Errors);
        Assert.Equal(["group_policy at /ws/"], _refused.Counts);
        Assert.Equal(
            ["Information: WebSocket /ws/: 1 refused since the last such line, the last because the policy \"staff\" did not admit to a group"], _refused.Lines);
    }

    [Fact]
    public async Task A_group_of_the_consumer_itself_refuses_with_403()
    {
        await using var server = await StartAsync();
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/in/staff_news/"));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/in/staff_news/", Tokens.Header("ada")));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await server.StatusAsync("/in/staff_news/", Tokens.Header("ada", "staff")));
        Assert.Equal(["group_policy at /in/{group}/", "group_policy at /in/{group}/"], _refused.Counts);
        Assert.Single(_refused.Lines);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task Code_outside_consumers_is_not_asked()
    {
        await using var server = await StartAsync();
        await using var channel = await server.Layer.NewChannelAsync();
        await server.Layer.GroupAddAsync("staff_news", channel.Name);
        await server.Layer.GroupSendAsync("staff_news", new Note("heard"));
        Assert.True(channel.TryRead(out _));
    }

    [Fact]
    public async Task A_name_that_is_none_is_an_error_before_any_policy()
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server, "/ws/", "ada");
        await client.SendAsync("staff_ news!");
        Assert.StartsWith("close 1011", await client.ReceiveAsync(), StringComparison.Ordinal);
        Assert.Empty(_refused.Counts);
    }

    [Fact]
    public async Task All_policies_that_do_not_exist_are_told_at_the_start()
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            StartAsync(groups => groups.AddGroupPolicy("a_*", "staff").AddGroupPolicy("b_*", "stuff").AddGroupPolicy("c", "stiff")));
        Assert.Equal(
            [
                "AddGroupPolicy(\"b_*\", \"stuff\"): there is no policy \"stuff\". Add it: builder.Services.AddAuthorizationBuilder().AddPolicy(\"stuff\", policy => …).",
                "AddGroupPolicy(\"c\", \"stiff\"): there is no policy \"stiff\". Add it: builder.Services.AddAuthorizationBuilder().AddPolicy(\"stiff\", policy => …).",
            ],
            fault.Message.Split(Environment.NewLine));
    }

    [Theory]
    [InlineData("")]
    [InlineData("room!*")]
    [InlineData("räume_*")]
    [InlineData(null)]
    public void A_pattern_that_can_match_nothing_is_refused(string? groups)
    {
        var fault = Assert.Throws<ArgumentException>(() => new ServiceCollection().AddChannels().AddGroupPolicy(groups!, "staff"));
        Assert.Contains($"\"{groups}\" can match no group.", fault.Message, StringComparison.Ordinal);
    }
}
