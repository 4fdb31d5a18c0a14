using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet;

public sealed class MappingTests
{
    [Fact]
    public async Task Outside_development_there_must_be_a_policy()
    {
        await using var app = PublishHost.Build();
        var fault = Assert.Throws<InvalidOperationException>(() => app.MapChannelsPublish());
        Assert.StartsWith("MapChannelsPublish has no policy, and this is \"Production\"", fault.Message, StringComparison.Ordinal);
        Assert.Contains("MapChannelsPublish(policy: \"publish\")", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_development_there_need_not_be_one()
    {
        await using var app = PublishHost.Build(environment: "Development");
        app.MapChannelsPublish();
    }

    [Fact]
    public async Task All_faults_are_told_at_once()
    {
        await using var app = PublishHost.Build(options =>
        {
            (options.MaxMessages, options.MaxBodySize, options.IdempotencyWindow, options.Layer) = (0, 0, TimeSpan.Zero, "missing");
            options.Groups = [""];
        });
        var fault = Assert.Throws<InvalidOperationException>(() => app.MapChannelsPublish(policy: "nobody knows"));
        Assert.Equal(
            [
                "PublishOptions.MaxMessages is 0; expected 1 or more.",
                "PublishOptions.MaxBodySize is 0; expected 1 to 1073741824 bytes.",
                "PublishOptions.IdempotencyWindow is 00:00:00; expected more than zero.",
                "PublishOptions.Groups has \"\", which matches no name; expected one such as \"news_*\".",
                "MapChannelsPublish is to ask the policy \"nobody knows\", which does not exist. Add it: "
                    + "builder.Services.AddAuthorizationBuilder().AddPolicy(\"nobody knows\", policy => …).",
                "PublishOptions.Layer is \"missing\", which does not exist. Add ChannelLayers:missing to the configuration.",
            ],
            fault.Message.Split(Environment.NewLine));
    }

    [Fact]
    public async Task Without_its_services_the_line_to_add_is_told()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddChannelLayers();
        await using var app = builder.Build();
        var fault = Assert.Throws<InvalidOperationException>(() => app.MapChannelsPublish(policy: "publish"));
        Assert.Contains(".AddPublish()", fault.Message, StringComparison.Ordinal);
    }
}
