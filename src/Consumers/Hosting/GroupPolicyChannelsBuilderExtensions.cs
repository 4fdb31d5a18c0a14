using ChannelsNet;
using ChannelsNet.Security.Groups;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The door of the groups' policies.</summary>
public static class GroupPolicyChannelsBuilderExtensions
{
    /// <summary>
    /// Lets only those join the groups of a pattern whom a policy of ASP.NET Core's authorization admits. It is asked when a consumer joins, by
    /// <see cref="Consumer.Groups"/> or <see cref="Consumer.GroupAddAsync"/>, with the scope's user and a <see cref="GroupJoin"/> as its resource; to whom it
    /// says no gets a <see cref="GroupDeniedException"/>. Of several patterns that match all must admit.
    /// </summary>
    /// <remarks>
    /// It is asked once for each join: who has joined stays a member until it leaves or the connection ends. Workers are not asked, for they serve no client,
    /// nor is other code that calls <see cref="IChannelLayer.GroupAddAsync"/> itself. The policy's authentication schemes play no part: the user is who the
    /// request's authentication has found.
    /// </remarks>
    /// <param name="builder">What <c>AddChannels</c> returns.</param>
    /// <param name="groups">A name, in which '*' stands for any run of characters and '?' for any one, such as <c>staff_*</c>. Case counts.</param>
    /// <param name="policy">The name of the policy; the host does not start if there is none of that name.</param>
    /// <exception cref="ArgumentException">The pattern can match no group.</exception>
    /// <example>
    /// <code>
    /// builder.Services.AddAuthorizationBuilder().AddPolicy("staff", policy => policy.RequireRole("staff"));
    /// builder.Services.AddChannels(builder.Configuration).AddGroupPolicy("staff_*", "staff");
    /// </code>
    /// </example>
    public static ChannelsBuilder AddGroupPolicy(this ChannelsBuilder builder, string groups, string policy)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(policy);
        if (!ChannelNames.IsGroup(groups?.Replace('*', '_').Replace('?', '_')))
        {
            throw new ArgumentException(
                $"\"{groups}\" can match no group. Expected 1 to {ChannelNames.MaxLength} characters of ASCII letters, digits, '-', '_' and '.', and '*' for any "
                + "run of characters and '?' for any one, such as \"staff_*\".",
                nameof(groups));
        }

        builder.Services.AddAuthorizationCore();
        builder.Services.AddSingleton(new GroupPolicy(groups!, policy));
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, GroupPolicyCheck>());
        return builder;
    }
}
