using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace ChannelsNet.Accepting;

internal static class DescriptorReserveServices
{
    /// <summary>Adds the reserve of file descriptors. Where the limit is not known, Kestrel stays as it is.</summary>
    public static void AddDescriptorReserve(this IServiceCollection services)
    {
        services.TryAddSingleton<DescriptorReserve>();
        if (FileDescriptorLimit.IsKnown)
        {
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, DescriptorReserveService>());
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, ShortRequestFilter>());
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IConnectionListenerFactory, ReservingListenerFactory>());
        }
    }
}
