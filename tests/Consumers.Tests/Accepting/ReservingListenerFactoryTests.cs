using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ChannelsNet.Accepting;

/// <summary>The reserve is around Kestrel's sockets in whatever order the services were added, and around no other transport.</summary>
public sealed class ReservingListenerFactoryTests
{
    private static readonly IPEndPoint _anyPort = new(IPAddress.Loopback, 0);

    /// <summary>A transport of the program's own, for the endpoints of one type.</summary>
    private sealed class OwnTransport(Type endpoints) : IConnectionListenerFactory, IConnectionListenerFactorySelector
    {
        public bool CanBind(EndPoint endpoint) => endpoints.IsInstanceOfType(endpoint);

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();
    }

    private sealed class OwnEndPoint : EndPoint;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Kestrel_serves_by_it_whether_the_channels_were_added_before_or_after(bool areChannelsFirst)
    {
        var builder = new HostBuilder();
        if (areChannelsFirst)
        {
            builder.ConfigureServices(services => services.AddChannels());
        }

        builder.ConfigureWebHost(web => web.UseKestrelCore().UseUrls("http://127.0.0.1:0")
            .Configure(app => app.Run(context => context.Response.WriteAsync("served"))));
        if (!areChannelsFirst)
        {
            builder.ConfigureServices(services => services.AddChannels().Services.AddChannels());
        }

        using var host = await builder.StartAsync();
        Assert.True(host.Services.GetRequiredService<DescriptorReserve>().IsInUse);
        using var client = new HttpClient();
        var address = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Assert.Equal("served", await client.GetStringAsync(new Uri(address)));
        await host.StopAsync();
    }

    [Theory]
    [InlineData(typeof(OwnEndPoint), true)]
    [InlineData(typeof(IPEndPoint), false)]
    [InlineData(typeof(EndPoint), false)]
    public void It_leaves_the_endpoints_of_another_transport_to_it(Type ofTheOther, bool isOurs)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddSingleton<IConnectionListenerFactory>(new OwnTransport(ofTheOther));
        builder.Services.AddChannels();
        using var app = (IDisposable)builder.Build();
        var factory = ((WebApplication)app).Services.GetServices<IConnectionListenerFactory>().OfType<ReservingListenerFactory>().Single();
        Assert.Equal(isOurs, factory.CanBind(_anyPort));
        Assert.False(factory.CanBind(new OwnEndPoint()));
    }

    [Fact]
    public async Task A_host_without_Kestrel_has_no_reserve_in_use()
    {
        using var host = new HostBuilder().ConfigureServices(services => services.AddChannels()).Build();
        await host.StartAsync();
        Assert.False(host.Services.GetRequiredService<DescriptorReserve>().IsInUse);
        await host.StopAsync();
    }
}
