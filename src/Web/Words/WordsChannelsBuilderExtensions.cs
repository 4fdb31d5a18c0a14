namespace ChannelsNet.Words;

/// <summary>What the word count needs of a host, be it a web server or not.</summary>
internal static class WordsChannelsBuilderExtensions
{
    /// <summary>Adds its messages, and if this process is to do the work its worker: texts wait on the layer "jobs", answers go over the default layer.</summary>
    public static ChannelsBuilder AddWords(this ChannelsBuilder channels, bool withWorker)
    {
        channels.AddMessage<CountWords>().AddMessage<WordsCounted>();
        return withWorker ? channels.AddWorker<WordCounter>("words", options => options.Layer = "jobs") : channels;
    }
}
