using System.Globalization;

namespace ChannelsNet;

/// <summary>Sends the time to the group "clock", each second.</summary>
public sealed class TimeProducer : PeriodicProducer
{
    /// <inheritdoc/>
    protected override TimeSpan Period => TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override Task ProduceAsync(DateTimeOffset due, CancellationToken stopping)
    {
        var local = TimeZoneInfo.ConvertTime(due, Time.LocalTimeZone);
        return GroupSendAsync("clock", new Tick(local.ToString("HH:mm:ss", CultureInfo.InvariantCulture)));
    }
}
