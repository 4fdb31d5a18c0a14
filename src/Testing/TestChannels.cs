using System.Security.Claims;
using ChannelsNet.Hosting;
using ChannelsNet.InMemory;
using ChannelsNet.Routing;
using ChannelsNet.Running;
using ChannelsNet.Runs;
using ChannelsNet.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace ChannelsNet;

/// <summary>
/// What a test needs to run applications as a host does: the services, layers in memory, and a clock that only the test moves. Consumers run in it as in
/// production, each in a service scope of its own, with groups, dispatch and the host's JSON options.
/// </summary>
/// <remarks>A communicator is disposed before it: <c>await using</c> does that by itself, the last declared first.</remarks>
/// <example>
/// <code>
/// await using var channels = TestChannels.Create(channels => channels.AddMessage&lt;ChatMessage&gt;());
/// await using var ann = channels.WebSocket(application, "/chat/tea/");
/// await ann.ConnectAsync();
/// await ann.SendJsonAsync(new ChatInput("hello"));
/// Assert.Equal(new ChatMessage("hello"), await ann.ReceiveJsonAsync&lt;ChatMessage&gt;());
/// </code>
/// </example>
public sealed class TestChannels : IAsyncDisposable
{
    private const string DefaultLayer = "default";

    private readonly IHost _host;
    private readonly TestClock _clock;
    private readonly Stillness _stillness;
    private bool _hasStarted;

    private TestChannels(IHost host, TestClock clock, Stillness stillness)
    {
        _host = host;
        _clock = clock;
        _stillness = stillness;
    }

    /// <summary>The services of the host, as a consumer's constructor gets them.</summary>
    public IServiceProvider Services => _host.Services;

    /// <summary>The default layer.</summary>
    public IChannelLayer Layer => Services.GetRequiredService<IChannelLayer>();

    /// <summary>
    /// The clock of the services. It stands still until a test moves it, best by <see cref="AdvanceAsync"/>. It begins at midnight of 1 January 2000, UTC.
    /// </summary>
    public FakeTimeProvider Time => _clock;

    /// <summary>How long a call waits before it gives up, in real time; communicators that are made later have it too. Default: 10 seconds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not above zero.</exception>
    public TimeSpan Timeout
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromSeconds(10);

    /// <summary>Makes the services.</summary>
    /// <param name="configure">
    /// Adds what the program adds too: messages, workers and producers, and by its <see cref="ChannelsBuilder.Services"/> the services that consumers need.
    /// </param>
    /// <param name="layers">The names of layers beside the default one. Every layer is in memory, whatever a configuration says.</param>
    public static TestChannels Create(Action<ChannelsBuilder>? configure = null, params IEnumerable<string> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        var clock = new TestClock();
        var stillness = new Stillness();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.ConfigureContainer(new DefaultServiceProviderFactory(new ServiceProviderOptions { ValidateScopes = true }));
        builder.Configuration.AddInMemoryCollection(
            layers.Select(layer => KeyValuePair.Create($"ChannelLayers:{layer}:{nameof(ChannelLayerOptions.Backend)}", (string?)nameof(ChannelLayerBackend.InMemory))));
        builder.Services.AddSingleton<IHostLifetime, TestLifetime>();
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddSingleton(stillness);
        var channels = builder.Services.AddChannels(builder.Configuration);
        configure?.Invoke(channels);
        builder.Services.PostConfigureAll<ChannelLayerOptions>(options => (options.Backend, options.Sharded) = (ChannelLayerBackend.InMemory, false));
        return new TestChannels(builder.Build(), clock, stillness);
    }

    /// <summary>
    /// Starts the hosted services, such as producers and workers, and checks the options as the start of a program does. Consumers do not need it.
    /// Disposing stops what was started.
    /// </summary>
    public async Task StartAsync()
    {
        _hasStarted = true;
        await _host.StartAsync().ConfigureAwait(false);
    }

    /// <summary>A WebSocket client of an application; it is not connected yet.</summary>
    /// <param name="application">A consumer, a router or middleware.</param>
    /// <param name="url">
    /// The path with its query, or a whole URL, percent-encoded as a client sends it. Of a whole URL the <c>Host</c> header is made; a user and a
    /// fragment are passed over.
    /// </param>
    /// <param name="user">Who the client is. Default: nobody.</param>
    /// <param name="headers">More headers of the request; they are copied.</param>
    /// <param name="subprotocols">What the client offers, in its order of preference. Default: none.</param>
    /// <exception cref="ArgumentException">The URL is none.</exception>
    /// <exception cref="InvalidOperationException">Something is wrong that <c>MapChannels</c> would tell too, such as a message that was not added.</exception>
    public WebSocketCommunicator WebSocket(
        IApplication application, string url = "/", ClaimsPrincipal? user = null, IHeaderDictionary? headers = null, params IEnumerable<string> subprotocols)
    {
        ArgumentNullException.ThrowIfNull(subprotocols);
        Require(application);
        var scope = RequestScope.Create(Scope.WebSocket, url, Services, user, headers);
        return new WebSocketCommunicator(application, scope with { Subprotocols = [.. subprotocols] }) { Timeout = Timeout };
    }

    /// <summary>An HTTP client of an application, for one request; it is not sent yet.</summary>
    /// <param name="application">A consumer, a router or middleware.</param>
    /// <param name="method">The method, such as GET; in capitals or not.</param>
    /// <param name="url">As in <see cref="WebSocket"/>.</param>
    /// <param name="body">The body of the request. Default: empty.</param>
    /// <param name="user">Who the client is. Default: nobody.</param>
    /// <param name="headers">More headers of the request; they are copied.</param>
    /// <exception cref="ArgumentException">The URL is none, or the method is empty.</exception>
    /// <exception cref="InvalidOperationException">Something is wrong that <c>MapChannels</c> would tell too, such as a message that was not added.</exception>
    public HttpCommunicator Http(
        IApplication application, string method, string url, ReadOnlyMemory<byte> body = default, ClaimsPrincipal? user = null, IHeaderDictionary? headers = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(method);
        Require(application);
        var scope = RequestScope.Create(Scope.Http, url, Services, user, headers);
        if (body.Length > 0)
        {
            scope.Headers.ContentLength ??= body.Length;
        }

        return new HttpCommunicator(application, scope with { Method = method.ToUpperInvariant() }, body) { Timeout = Timeout };
    }

    /// <summary>Makes a channel for the test itself, in some groups of the default layer or in none.</summary>
    public async Task<GroupMember> JoinAsync(params IEnumerable<string> groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        var channel = await Layer.NewChannelAsync("test").ConfigureAwait(false);
        foreach (var group in groups)
        {
            await Layer.GroupAddAsync(group, channel.Name).ConfigureAwait(false);
        }

        return new GroupMember(channel, this);
    }

    /// <summary>The channels that are in a group now, in no order.</summary>
    /// <param name="group">The group; one that nobody has joined is empty.</param>
    /// <param name="layer">The name of the layer.</param>
    public IReadOnlyCollection<string> MembersOf(string group, string layer = DefaultLayer)
    {
        ChannelNames.RequireGroup(group);
        return Services.GetRequiredKeyedService<IChannelLayer>(layer) is ObservedChannelLayer { Inner: InMemoryChannelLayer memory }
            ? memory.Local.MembersOf(group)
            : throw new InvalidOperationException($"The layer \"{layer}\" was replaced by another one, and only one in memory can say who is in a group.");
    }

    /// <summary>
    /// Waits until all applications are at rest: each waits for its client, and no consumer has a message to handle. What they did for what they were
    /// given so far is done then. What a handler starts and does not await is not seen, nor are hosted services.
    /// </summary>
    /// <exception cref="TimeoutException">They have not come to rest within <see cref="Timeout"/>.</exception>
    public async Task SettleAsync()
    {
        try
        {
            await _stillness.WhenStillAsync().WaitAsync(Timeout).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(
                $"Expected all applications to come to rest, within {EventText.Of(Timeout)}. A handler goes on; perhaps it waits for a step of the clock, or for the test.");
        }
    }

    /// <summary>
    /// Moves the clock when somebody waits for it, such as a producer until its next period or a handler that pauses, and lets those go on whose time has
    /// come. It moves in one step: what is due twice within it, happens once.
    /// </summary>
    /// <param name="step">How far.</param>
    /// <param name="waiting">How many timers must wait for the clock before it moves. Default: one. With none it moves at once.</param>
    /// <exception cref="TimeoutException">So many do not wait for it within <see cref="Timeout"/>.</exception>
    public async Task AdvanceAsync(TimeSpan step, int waiting = 1)
    {
        try
        {
            await _clock.WhenWaitedOnAsync(waiting).WaitAsync(Timeout).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(
                $"Expected {waiting} to wait for the clock, within {EventText.Of(Timeout)}; {_clock.Waiting} do. Those who are to wait need the "
                + "TimeProvider of the services, and hosted services need StartAsync. To move the clock at once write waiting: 0.");
        }

        // Not on the test's thread: a test runner may have made it one on which nobody else goes on.
        await Task.Run(() => _clock.Advance(step)).ConfigureAwait(false);
    }

    /// <summary>Stops what was started, and disposes the services.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_hasStarted)
        {
            await _host.StopAsync().ConfigureAwait(false);
        }

        await ((IAsyncDisposable)_host).DisposeAsync().ConfigureAwait(false);
    }

    private void Require(IApplication application)
    {
        ArgumentNullException.ThrowIfNull(application);
        var faults = ApplicationRoute.All(application).Select(route => route.Application).Distinct().OfType<ICheckedAtStart>()
            .SelectMany(checkable => checkable.Faults(Services)).Distinct().ToArray();
        if (faults.Length > 0)
        {
            throw new InvalidOperationException(string.Join(Environment.NewLine, faults));
        }
    }
}
