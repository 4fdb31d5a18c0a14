namespace ChannelsNet.Words;

/// <summary>Gives one browser's texts to a worker, and its answers to the browser.</summary>
/// <param name="jobs">The layer with queues, where a text waits for a worker.</param>
public sealed class WordsConsumer([FromKeyedServices("jobs")] IChannelLayer jobs) : JsonWebSocketConsumer<WordsInput>, IHandle<WordsCounted>
{
    /// <inheritdoc/>
    public Task HandleAsync(WordsCounted message) => SendJsonAsync(message);

    /// <inheritdoc/>
    protected override Task ReceiveAsync(WordsInput input) => input.Text is { Length: <= WordsInput.MaxLength } text
        ? CountAsync(text)
        : ReceiveMalformedAsync($"Expected a text of at most {WordsInput.MaxLength} characters.");

    private async Task CountAsync(string text)
    {
        try
        {
            await jobs.SendAsync("words", new CountWords(text, ChannelName));
        }
        catch (Exception fault) when (fault is ChannelFullException or ChannelLayerUnavailableException)
        {
            await CloseAsync(1013, "No worker is free. Try again later.");
        }
    }
}
