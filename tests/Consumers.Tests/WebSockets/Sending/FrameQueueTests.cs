namespace ChannelsNet.WebSockets.Sending;

public sealed class FrameQueueTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void It_does_what_a_list_would_do(int seed)
    {
        var random = new Random(seed);
        var queue = default(FrameQueue);
        var list = new List<(byte[] Frame, long Number, object? Kind)>();
        var kinds = new object?[] { null, "a", "b", "c", "d", "e" };
        var conflates = false;
        for (var i = 0; i < 50_000; i++)
        {
            switch (random.Next(1000))
            {
                case 0:
                    Assert.Equal(list.Count, queue.Clear());
                    list.Clear();
                    break;
                case < 10 when list.Count > 0:
                    var kept = list.Where((entry, at) => entry.Kind is null || !list.Skip(at + 1).Any(later => Equals(later.Kind, entry.Kind))).ToList();
                    Assert.Equal(list.Count - kept.Count, queue.Conflate());
                    list = kept;
                    conflates = true;
                    break;
                case < 300 when list.Count > 0:
                    Assert.Same(list[0].Frame, queue.Take());
                    list.RemoveAt(0);
                    break;
                default:
                    var (frame, kind) = (new byte[random.Next(5)], kinds[random.Next(kinds.Length)]);
                    var replaced = conflates && kind is not null ? list.RemoveAll(entry => Equals(entry.Kind, kind)) : 0;
                    list.Add((frame, i, kind));
                    Assert.Equal(replaced, queue.Add(frame, i, kind));
                    break;
            }

            conflates &= list.Count > 0;
            Assert.Equal(list.Count, queue.Count);
            Assert.Equal(list.Sum(entry => entry.Frame.Length), queue.Bytes);
            if (list.Count > 0)
            {
                Assert.Equal(list[0].Frame.Length, queue.FirstLength);
                Assert.Equal(list[0].Number, queue.FirstNumber);
            }
        }
    }

    [Fact]
    public void What_was_replaced_is_not_kept_behind_a_frame_that_stays()
    {
        var queue = default(FrameQueue);
        queue.Add([], 0, "rare");
        queue.Conflate();
        for (var i = 1; i < 100_000; i++)
        {
            queue.Add([1], i, "often");
        }

        Assert.Equal(2, queue.Count);
        Assert.InRange(queue.Slots, 2, 100);
    }
}
