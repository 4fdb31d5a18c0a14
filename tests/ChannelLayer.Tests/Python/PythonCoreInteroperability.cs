using System.Collections.Concurrent;
using ChannelsNet.Support;

namespace ChannelsNet.Python;

/// <summary>The back-end of queues, whatever the options.</summary>
public abstract class PythonCoreInteroperability(PythonFixture python) : PythonInteroperability(python), IClassFixture<PythonFixture>
{
    protected override ChannelLayerBackend OurBackend => ChannelLayerBackend.Redis;

    protected override string TheirBackend => "core";

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task What_was_sent_before_anybody_read_arrives()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var (toUs, toThem) = (NewName("general"), NewName("general"));
        await theirs.SendAsync(toUs, Note("waits for .NET"));
        await ours.SendAsync(toThem, new Note("waits for Python"), Patience);
        Assert.Equal(new Note("waits for .NET"), await ours.ReceiveAsync(toUs, Patience));
        var reading = Enumerable.Range(0, HostCount).Select(_ => ReadAsync(theirs, toThem));
        Assert.Equal("waits for Python", await await Task.WhenAny(reading));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task All_they_send_to_a_general_channel_arrives_here()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var channel = NewName("general");
        var got = new List<string>();
        for (var i = 0; i < 30; i++)
        {
            await theirs.SendAsync(channel, Note($"{i}"));
        }

        for (var i = 0; i < 30; i++)
        {
            got.Add(((Note)await ours.ReceiveAsync(channel, Patience)).Text);
        }

        // Over several servers there is no order between them.
        Assert.Equal(Enumerable.Range(0, 30), HostCount == 1
            ? got.Select(text => int.Parse(text, null))
            : got.Select(text => int.Parse(text, null)).Order());
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Each_side_adds_and_discards_channels_of_the_other()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var group = NewName("room");
        await using var ourChannel = await ours.NewChannelAsync(cancellationToken: Patience);
        var theirChannel = await theirs.NewChannelAsync();
        await theirs.GroupAddAsync(group, ourChannel.Name);
        await ours.GroupAddAsync(group, theirChannel, Patience);
        await theirs.GroupSendAsync(group, Note("from Python"));
        await ours.GroupSendAsync(group, new Note("from .NET"), cancellationToken: Patience);
        foreach (var text in new[] { "from Python", "from .NET" })
        {
            Assert.Equal(text, await ReadAsync(ourChannel));
            Assert.Equal(text, await ReadAsync(theirs, theirChannel));
        }

        await theirs.GroupDiscardAsync(group, ourChannel.Name);
        await ours.GroupDiscardAsync(group, theirChannel, Patience);
        await theirs.GroupSendAsync(group, Note("nobody"));
        await ours.GroupSendAsync(group, new Note("nobody"), cancellationToken: Patience);
        await theirs.SendAsync(ourChannel.Name, Note("alone"));
        await ours.SendAsync(theirChannel, new Note("alone"), Patience);
        Assert.Equal("alone", await ReadAsync(ourChannel));
        Assert.Equal("alone", await ReadAsync(theirs, theirChannel));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_general_channel_is_a_member_of_a_group_like_any_other()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var (group, ourWorker, theirWorker) = (NewName("room"), NewName("worker"), NewName("worker"));
        await theirs.GroupAddAsync(group, ourWorker);
        await theirs.GroupSendAsync(group, Note("from Python"));
        Assert.Equal(new Note("from Python"), await ours.ReceiveAsync(ourWorker, Patience));
        await ours.GroupAddAsync(group, theirWorker, Patience);
        await ours.GroupSendAsync(group, new Note("from .NET"), cancellationToken: Patience);
        if (HostCount == 1)
        {
            // With several hosts a Python reader of a general channel waits at one of them, not always the right one.
            Assert.Equal("from .NET", await ReadAsync(theirs, theirWorker));
        }
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Their_channel_that_we_leave_out_gets_nothing()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var group = NewName("room");
        var excepted = await theirs.NewChannelAsync();
        var other = await theirs.NewChannelAsync();
        await theirs.GroupAddAsync(group, excepted);
        await theirs.GroupAddAsync(group, other);
        await ours.GroupSendAsync(group, new Note("to the other"), except: excepted, Patience);
        await ours.GroupSendAsync(group, new Note("to both"), cancellationToken: Patience);
        Assert.Equal("to both", await ReadAsync(theirs, excepted));
        Assert.Equal("to the other", await ReadAsync(theirs, other));
        Assert.Equal("to both", await ReadAsync(theirs, other));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Membership_that_has_expired_by_their_rule_is_no_membership_for_us()
    {
        var ours = NewOurs(options => options.GroupExpiry = TimeSpan.FromSeconds(1));
        var theirs = await NewTheirsAsync(options => options with { GroupExpiry = 1 });
        var group = NewName("room");
        var channel = await theirs.NewChannelAsync();
        await theirs.GroupAddAsync(group, channel);

        // What is sent arrives until the membership has expired, and then no more.
        while (true)
        {
            await ours.GroupSendAsync(group, new Note("to the group"), cancellationToken: Patience);
            await ours.SendAsync(channel, new Note("alone"), Patience);
            if (await ReadAsync(theirs, channel) == "alone")
            {
                break;
            }

            Assert.Equal("alone", await ReadAsync(theirs, channel));
        }
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Messages_are_read_once_however_many_read()
    {
        var theirs = await NewTheirsAsync();
        var channel = NewName("general");
        for (var i = 0; i < 60; i++)
        {
            await theirs.SendAsync(channel, Note($"{i}"));
        }

        var got = new ConcurrentQueue<int>();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Patience);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
        {
            var ours = NewOurs();
            try
            {
                while (true)
                {
                    got.Enqueue(int.Parse(((Note)await ours.ReceiveAsync(channel, enough.Token)).Text, null));
                    if (got.Count >= 60)
                    {
                        await enough.CancelAsync();
                    }
                }
            }
            catch (OperationCanceledException)
            {
            }
        }).ToArray());
        Assert.Equal(Enumerable.Range(0, 60), got.Order());
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task What_is_no_message_is_passed_over_and_theirs_arrives()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var stranger = await NewTheirsAsync(options => options with { EncryptionKeys = ["a stranger's"] });
        await using var channel = await ours.NewChannelAsync(cancellationToken: Patience);
        await stranger.SendAsync(channel.Name, Note("strange"));
        await theirs.SendAsync(channel.Name, Note("fine"));
        Assert.Equal("fine", await ReadAsync(channel));
    }
}

/// <summary>All that core does with the options that both sides have by default, and what only one server shows.</summary>
public sealed class PythonPlainCoreInteroperability(PythonFixture python) : PythonCoreInteroperability(python)
{
    [SkippableFact(typeof(ProgramMissingException))]
    public async Task A_channel_that_one_side_has_filled_is_full_for_the_other()
    {
        var ours = NewOurs(options => options.Capacity = 3);
        var theirs = await NewTheirsAsync(options => options with { Capacity = 3 });
        foreach (var first in new[] { true, false })
        {
            var channel = NewName("general");
            for (var i = 0; i < 3; i++)
            {
                await (first ? ours.SendAsync(channel, new Note($"{i}"), Patience).AsTask() : theirs.SendAsync(channel, Note($"{i}")));
            }

            var theirFault = await Assert.ThrowsAsync<PythonException>(() => theirs.SendAsync(channel, Note("3")));
            Assert.Equal("ChannelFull", theirFault.Error);
            var ourFault = await Assert.ThrowsAsync<ChannelFullException>(
                () => ours.SendAsync(channel, new Note("3"), Patience).AsTask());
            Assert.Equal((channel, 3), (ourFault.Channel, ourFault.Capacity));
            Assert.Equal(new Note("0"), await ours.ReceiveAsync(channel, Patience));
        }
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Their_full_channel_misses_our_group_message_and_the_others_get_it()
    {
        var ours = NewOurs(options => options.Capacity = 3);
        var (full, free) = (await NewTheirsAsync(), await NewTheirsAsync());
        var group = NewName("room");
        var fullChannel = await full.NewChannelAsync();
        var freeChannel = await free.NewChannelAsync();
        await full.GroupAddAsync(group, fullChannel);
        await free.GroupAddAsync(group, freeChannel);
        for (var i = 0; i < 3; i++)
        {
            await ours.SendAsync(fullChannel, new Note($"{i}"), Patience);
        }

        await ours.GroupSendAsync(group, new Note("to the group"), cancellationToken: Patience);
        Assert.Equal("to the group", await ReadAsync(free, freeChannel));
        foreach (var text in new[] { "0", "1", "2" })
        {
            Assert.Equal(text, await ReadAsync(full, fullChannel));
        }

        await ours.SendAsync(fullChannel, new Note("after"), Patience);
        Assert.Equal("after", await ReadAsync(full, fullChannel));
    }
}

/// <summary>All that core does, encrypted, and keys that change.</summary>
public sealed class PythonEncryptedCoreInteroperability(PythonFixture python) : PythonCoreInteroperability(python)
{
    protected override IReadOnlyList<string> Keys => ["clé-秘密", "an older key"];

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Who_has_the_new_key_and_the_old_reads_what_the_old_one_wrote()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var oursOfOld = NewOurs(options =>
        {
            options.EncryptionKeys.Clear();
            options.EncryptionKeys.Add("an older key");
        });
        var theirsOfOld = await NewTheirsAsync(options => options with { EncryptionKeys = ["an older key"] });
        await using var ourChannel = await ours.NewChannelAsync(cancellationToken: Patience);
        var theirChannel = await theirs.NewChannelAsync();
        await theirsOfOld.SendAsync(ourChannel.Name, Note("old of Python"));
        await oursOfOld.SendAsync(theirChannel, new Note("old of .NET"), Patience);
        Assert.Equal("old of Python", await ReadAsync(ourChannel));
        Assert.Equal("old of .NET", await ReadAsync(theirs, theirChannel));
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task We_write_with_the_first_key()
    {
        var ours = NewOurs();
        var theirsOfOld = await NewTheirsAsync(options => options with { EncryptionKeys = ["an older key"] });
        var channel = await theirsOfOld.NewChannelAsync();
        await ours.SendAsync(channel, new Note("new"), Patience);
        Assert.Equal("InvalidToken", (await Assert.ThrowsAsync<PythonException>(() => theirsOfOld.ReceiveAsync(channel))).Error);
    }

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task We_pass_over_what_is_not_encrypted()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var plain = await NewTheirsAsync(options => options with { EncryptionKeys = null });
        await using var channel = await ours.NewChannelAsync(cancellationToken: Patience);
        await plain.SendAsync(channel.Name, Note("plain"));
        await theirs.SendAsync(channel.Name, Note("secret"));
        Assert.Equal("secret", await ReadAsync(channel));
    }
}

/// <summary>All that core does, over three servers.</summary>
public sealed class PythonCoreOverThreeHostsInteroperability(PythonFixture python) : PythonCoreInteroperability(python)
{
    protected override int HostCount => 3;

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task Messages_to_any_channel_arrive_wherever_the_hash_of_its_name_points()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        for (var i = 0; i < 30; i++)
        {
            await using var ourChannel = await ours.NewChannelAsync(cancellationToken: Patience);
            var theirChannel = await theirs.NewChannelAsync();
            await theirs.SendAsync(ourChannel.Name, Note($"{i} to .NET"));
            await ours.SendAsync(theirChannel, new Note($"{i} to Python"), Patience);
            Assert.Equal($"{i} to .NET", await ReadAsync(ourChannel));
            Assert.Equal($"{i} to Python", await ReadAsync(theirs, theirChannel));
        }
    }
}
