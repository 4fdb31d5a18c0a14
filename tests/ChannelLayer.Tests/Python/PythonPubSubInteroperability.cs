using ChannelsNet.Support;

namespace ChannelsNet.Python;

/// <summary>The back-end of publish and subscribe. Version 4.0.0 does not encrypt over it.</summary>
public class PythonPubSubInteroperability(PythonFixture python) : PythonInteroperability(python), IClassFixture<PythonFixture>
{
    protected override ChannelLayerBackend OurBackend => ChannelLayerBackend.RedisPubSub;

    protected override string TheirBackend => "pubsub";

    protected override Task WhenReadAsync(string channel) => WhenSubscribedAsync(channel);

    [SkippableFact(typeof(ProgramMissingException))]
    public async Task All_who_read_a_general_channel_get_what_is_sent_there()
    {
        var ours = NewOurs();
        var theirs = await NewTheirsAsync();
        var channel = NewName("general");
        var here = ours.ReceiveAsync(channel, Patience).AsTask();
        var there = ReadAsync(theirs, channel);
        await WhenSubscribedAsync(channel, 2);
        await theirs.SendAsync(channel, Note("to all"));
        Assert.Equal(new Note("to all"), await here);
        Assert.Equal("to all", await there);
    }
}

/// <summary>The same, over three servers.</summary>
public sealed class PythonPubSubOverThreeHostsInteroperability(PythonFixture python) : PythonPubSubInteroperability(python)
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
