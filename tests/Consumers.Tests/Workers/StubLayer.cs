using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Workers;

/// <summary>A layer of one channel that tells when it is asked for a message, and fails when it is told to.</summary>
internal sealed class StubLayer : IChannelLayer
{
    private readonly Channel<Message> _messages = Channel.CreateUnbounded<Message>();
    private readonly SemaphoreSlim _asked = new(0);
    private readonly SemaphoreSlim _taken = new(0);

    /// <summary>What receiving throws.</summary>
    public Exception? Fault { get; set; }

    /// <summary>What sending throws.</summary>
    public Exception? SendFault { get; set; }

    /// <summary>The names of the jobs that nobody has taken.</summary>
    public IEnumerable<string> Unread
    {
        get
        {
            while (_messages.Reader.TryRead(out var message))
            {
                yield return ((Job)message).Name;
            }
        }
    }

    public ServiceCollection AsDefault()
    {
        var services = new ServiceCollection();
        services.AddKeyedSingleton<IChannelLayer>("default", this);
        return services;
    }

    public void Put(params IEnumerable<Job> jobs)
    {
        foreach (var job in jobs)
        {
            _messages.Writer.TryWrite(job);
        }
    }

    public Task WhenAskedAsync() => _asked.WaitAsync().WaitAsync(WorkerHost.Patience);

    public async Task WhenTakenAsync(int count)
    {
        for (; count > 0; count--)
        {
            await _taken.WaitAsync().WaitAsync(WorkerHost.Patience);
        }
    }

    public async ValueTask<Message> ReceiveAsync(string channel, CancellationToken cancellationToken = default)
    {
        _asked.Release();
        if (Fault is { } fault)
        {
            throw fault;
        }

        var message = await _messages.Reader.ReadAsync(cancellationToken);
        _taken.Release();
        return message;
    }

    public ValueTask SendAsync(string channel, Message message, CancellationToken cancellationToken = default)
    {
        if (SendFault is { } fault)
        {
            throw fault;
        }

        Put((Job)message);
        return ValueTask.CompletedTask;
    }

    public ValueTask<IChannel> NewChannelAsync(string prefix = "specific", IChannelListener? listener = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public ValueTask GroupAddAsync(string group, string channel, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask GroupDiscardAsync(string group, string channel, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask GroupSendAsync(string group, Message message, string? except = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public ValueTask FlushAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();
}
