namespace ChannelsNet.Words;

/// <summary>Counts the words of one text, in whatever process its worker runs.</summary>
public sealed class WordCounter : WorkerConsumer, IHandle<CountWords>
{
    /// <inheritdoc/>
    public Task HandleAsync(CountWords message)
    {
        var words = message.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
        return SendAsync(message.ReplyTo, new WordsCounted(words, $"{Environment.MachineName}, process {Environment.ProcessId}"));
    }
}
