namespace ChannelsNet.WebSockets.Sending;

public sealed class OutgoingQueueTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_does_what_a_list_would_do(int seed)
    {
        var random = new Random(seed);
        var queue = default(OutgoingQueue);
        var list = new List<(byte[] Frame, object? Kind)>();
        var kinds = new object?[] { null, "a", "b", "c", "d", "e" };
        for (var i = 0; i < 20_000; i++)
        {
            var kind = kinds[random.Next(kinds.Length)];
            switch (random.Next(100))
            {
                case 0:
                    Assert.Equal(list.Count, queue.Clear());
                    list.Clear();
                    break;
                case < 10:
                    var kept = list.Where((entry, at) =>
                        entry.Kind is null || (!Equals(entry.Kind, kind) && !list.Skip(at + 1).Any(later => Equals(later.Kind, entry.Kind)))).ToList();
                    Assert.Equal(list.Count - kept.Count, queue.KeepLatest(kind));
                    list = kept;
                    break;
                case < 45 when list.Count > 0:
                    Assert.Same(list[0].Frame, queue.Take());
                    list.RemoveAt(0);
                    break;
                default:
                    var frame = new byte[random.Next(5)];
                    queue.Add(frame, kind);
                    list.Add((frame, kind));
                    break;
            }

            Assert.Equal(list.Count, queue.Count);
            Assert.Equal(list.Sum(entry => entry.Frame.Length), queue.Bytes);
            if (list.Count > 0)
            {
                Assert.Equal(list[0].Frame.Length, queue.FirstLength);
            }
        }
    }
}
