using System.Security.Claims;

namespace ChannelsNet.Security;

public sealed class UserIdTests
{
    private static ClaimsIdentity Identity(params (string Type, string Value, string Issuer)[] claims) =>
        new(claims.Select(claim => new Claim(claim.Type, claim.Value, null, claim.Issuer)), "test");

    private static ClaimsPrincipal User(params (string Type, string Value, string Issuer)[] claims) => new(Identity(claims));

    [Fact]
    public void The_subject_is_the_same_id_whether_it_was_mapped_or_not()
    {
        var id = UserId.Of(User((ClaimTypes.NameIdentifier, "7", "https://one")));
        Assert.Equal(new UserId("sub", "https://one", "7"), id);
        Assert.Equal(id, UserId.Of(User(("sub", "7", "https://one"))));
        Assert.Equal(id, UserId.Of(User(("sub", "8", "https://one"), (ClaimTypes.NameIdentifier, "7", "https://one"))));
        Assert.Equal(id, UserId.Of(User(("name", "Ann", "https://one"), ("sub", "7", "https://one"), ("sub", "8", "https://one"))));
    }

    [Fact]
    public void Two_issuers_can_give_the_same_id_to_two_users() =>
        Assert.NotEqual(UserId.Of(User(("sub", "7", "https://one"))), UserId.Of(User(("sub", "7", "https://other"))));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public void An_empty_id_is_passed_over(string empty)
    {
        Assert.Null(UserId.Of(User(("sub", empty, "https://one"))));
        Assert.Equal("7", UserId.Of(User((ClaimTypes.NameIdentifier, empty, "https://one"), ("sub", "7", "https://one")))!.Value.Value);
        Assert.Equal("7", UserId.Of(User(("sub", empty, "https://one"), ("sub", "7", "https://one")))!.Value.Value);
    }

    [Fact]
    public void Claims_of_an_identity_that_is_not_authenticated_do_not_count()
    {
        var claimed = new ClaimsIdentity([new Claim("sub", "admin")]);
        Assert.Null(UserId.Of(new ClaimsPrincipal(claimed)));
        Assert.Null(UserId.Of(new ClaimsPrincipal()));
        Assert.Equal("7", UserId.Of(new ClaimsPrincipal([claimed, Identity(("sub", "7", "https://one"))]))!.Value.Value);
    }

    [Fact]
    public void Of_several_identities_the_first_with_an_id_counts()
    {
        var user = new ClaimsPrincipal([
            Identity(("name", "Ann", "https://one")), Identity(("sub", "7", "https://one")), Identity(("sub", "8", "https://other"))]);
        Assert.Equal(new UserId("sub", "https://one", "7"), UserId.Of(user));
    }

    [Fact]
    public void Where_there_is_no_id_other_claims_are_taken_in_their_order_and_never_for_an_id()
    {
        var program = User(("azp", "7", "https://one"), ("client_id", "7", "https://one"));
        Assert.Null(UserId.Of(program));
        Assert.Equal(new UserId("client_id", "https://one", "7"), UserId.Of(program, "client_id", "azp"));
        Assert.NotEqual(UserId.Of(program, "client_id"), UserId.Of(User(("sub", "7", "https://one")), "client_id"));
        Assert.Equal("9", UserId.Of(User(("client_id", "7", "https://one"), ("sub", "9", "https://one")), "client_id")!.Value.Value);
    }
}
