using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ChannelsNet.Security;

/// <summary>JSON web tokens, and a server that takes them.</summary>
internal static class Tokens
{
    private static readonly SymmetricSecurityKey _key = new(new byte[32]);

    /// <summary>A token of a user, who may have a role.</summary>
    public static string For(string user, string? role = null, DateTimeOffset? expires = null) => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Subject = new ClaimsIdentity(
            role is null ? [new Claim("sub", user), new Claim("name", user)] : [new Claim("sub", user), new Claim("name", user), new Claim("role", role)]),
        NotBefore = DateTime.UtcNow.AddHours(-1),
        Expires = (expires ?? DateTimeOffset.UtcNow.AddHours(1)).UtcDateTime,
        SigningCredentials = new SigningCredentials(_key, SecurityAlgorithms.HmacSha256),
    });

    /// <summary>The header with which a program that is no browser sends it.</summary>
    public static (string Name, string Value) Header(string user, string? role = null, DateTimeOffset? expires = null) =>
        ("Authorization", $"Bearer {For(user, role, expires)}");

    public static void Accept(IServiceCollection services)
    {
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(options => options.TokenValidationParameters = new TokenValidationParameters
        {
            IssuerSigningKey = _key,
            ValidateIssuer = false,
            ValidateAudience = false,
            NameClaimType = "name",
        });
        services.AddAuthorization();
    }
}
