namespace ChannelsNet;

/// <summary>
/// What a policy of a group decides about: that the client of a connection joins the group. It is the resource of an
/// <c>AuthorizationHandler&lt;TRequirement, GroupJoin&gt;</c>, and of the policy's assertions (<c>AuthorizationHandlerContext.Resource</c>).
/// </summary>
/// <param name="Group">The group's name. A client may have had a part in it.</param>
/// <param name="Scope">What is known of the connection, such as its route values.</param>
public sealed record GroupJoin(string Group, Scope Scope);
