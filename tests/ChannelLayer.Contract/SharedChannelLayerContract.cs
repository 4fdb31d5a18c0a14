namespace ChannelsNet;

/// <summary>What a layer must do besides, whose processes share a medium.</summary>
public abstract class SharedChannelLayerContract : ChannelLayerContract
{
    [Fact]
    public async Task A_message_to_a_channel_reaches_the_process_that_owns_it()
    {
        var here = NewLayer();
        var there = NewLayer();
        await using var channel = await there.NewChannelAsync(cancellationToken: Patience);
        await here.SendAsync(channel.Name, new Note("from afar"), Patience);
        Assert.Equal("from afar", await ReadAsync(channel));
    }

    [Fact]
    public async Task A_group_message_reaches_the_members_of_all_processes_once()
    {
        var layers = new[] { NewLayer(), NewLayer(), NewLayer() };
        var group = NewName();
        var members = new List<IChannel>();
        foreach (var layer in layers)
        {
            for (var i = 0; i < 2; i++)
            {
                members.Add(await layer.NewChannelAsync(cancellationToken: Patience));
                await layer.GroupAddAsync(group, members[^1].Name, Patience);
            }
        }

        await layers[0].GroupSendAsync(group, new Note("1"), cancellationToken: Patience);
        await layers[0].GroupSendAsync(group, new Note("2"), cancellationToken: Patience);
        foreach (var member in members)
        {
            Assert.Equal(["1", "2"], await ReadAsync(member, 2));
            await member.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_channel_that_is_left_out_can_be_another_process_s()
    {
        var here = NewLayer();
        var there = NewLayer();
        var group = NewName();
        await using var excepted = await there.NewChannelAsync(cancellationToken: Patience);
        await there.GroupAddAsync(group, excepted.Name, Patience);
        await here.GroupSendAsync(group, new Note("to others"), except: excepted.Name, Patience);
        await here.GroupSendAsync(group, new Note("to all"), cancellationToken: Patience);
        Assert.Equal("to all", await ReadAsync(excepted));
    }

    [Fact]
    public async Task When_the_last_member_of_one_process_leaves_those_of_others_stay()
    {
        var here = NewLayer();
        var there = NewLayer();
        var group = NewName();
        await using var stays = await here.NewChannelAsync(cancellationToken: Patience);
        var leaves = await there.NewChannelAsync(cancellationToken: Patience);
        await here.GroupAddAsync(group, stays.Name, Patience);
        await there.GroupAddAsync(group, leaves.Name, Patience);
        await leaves.DisposeAsync();
        await there.GroupSendAsync(group, new Note("still"), cancellationToken: Patience);
        Assert.Equal("still", await ReadAsync(stays));
    }

    [Fact]
    public async Task Joining_leaving_and_joining_again_ends_as_a_member()
    {
        var layer = NewLayer();
        var other = NewLayer();
        var group = NewName();
        await using var channel = await layer.NewChannelAsync(cancellationToken: Patience);
        for (var i = 0; i < 50; i++)
        {
            await layer.GroupAddAsync(group, channel.Name, Patience);
            await layer.GroupDiscardAsync(group, channel.Name, Patience);
        }

        await layer.GroupAddAsync(group, channel.Name, Patience);
        await other.GroupSendAsync(group, new Note("member"), cancellationToken: Patience);
        Assert.Equal("member", await ReadAsync(channel));
    }

    [Fact]
    public async Task Layers_with_different_prefixes_share_no_groups()
    {
        var here = NewLayer(options => options.Prefix = NewName("one"));
        var there = NewLayer(options => options.Prefix = NewName("two"));
        var group = NewName();
        await using var first = await here.NewChannelAsync(cancellationToken: Patience);
        await using var second = await there.NewChannelAsync(cancellationToken: Patience);
        await here.GroupAddAsync(group, first.Name, Patience);
        await there.GroupAddAsync(group, second.Name, Patience);
        await here.GroupSendAsync(group, new Note("here"), cancellationToken: Patience);
        await there.GroupSendAsync(group, new Note("there"), cancellationToken: Patience);
        Assert.Equal("here", await ReadAsync(first));
        Assert.Equal("there", await ReadAsync(second));
    }

    [Fact]
    public async Task A_message_that_is_too_large_is_refused_and_the_next_arrives()
    {
        var here = NewLayer(options => options.MaxMessageSize = 500);
        var there = NewLayer();
        var group = NewName();
        await using var channel = await there.NewChannelAsync(cancellationToken: Patience);
        await there.GroupAddAsync(group, channel.Name, Patience);
        var large = new Note(new string('x', 600));
        var fault = await Assert.ThrowsAsync<MessageTooLargeException>(() => here.SendAsync(channel.Name, large, Patience).AsTask());
        Assert.Equal(500, fault.Limit);
        await Assert.ThrowsAsync<MessageTooLargeException>(() => here.GroupSendAsync(group, large, cancellationToken: Patience).AsTask());
        await here.GroupSendAsync(group, new Note("small"), cancellationToken: Patience);
        Assert.Equal("small", await ReadAsync(channel));
    }
}
