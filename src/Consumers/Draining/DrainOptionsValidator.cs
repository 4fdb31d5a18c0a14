using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ChannelsNet.Draining;

internal sealed class DrainOptionsValidator(IOptions<HostOptions> host) : IValidateOptions<DrainOptions>
{
    public ValidateOptionsResult Validate(string? name, DrainOptions options) =>
        options.Faults(host.Value.ShutdownTimeout).ToArray() is { Length: > 0 } faults
            ? ValidateOptionsResult.Fail(faults)
            : ValidateOptionsResult.Success;
}
