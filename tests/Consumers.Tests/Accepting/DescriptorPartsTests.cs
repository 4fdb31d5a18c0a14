namespace ChannelsNet.Accepting;

public sealed class DescriptorPartsTests
{
    [Theory]
    [InlineData(64, 0, -16)]
    [InlineData(128, 64, 48)]
    [InlineData(256, 192, 176)]
    [InlineData(512, 448, 432)]
    [InlineData(1024, 896, 864)]
    [InlineData(8192, 7168, 6912)]
    [InlineData(1_048_576, 1_047_552, 1_047_296)]
    [InlineData(int.MaxValue, int.MaxValue - 1024, int.MaxValue - 1024 - 256)]
    public void By_default_an_eighth_of_the_limit_is_reserved_but_at_least_64_and_at_most_1024(int limit, int connections, int webSockets)
    {
        var parts = new DescriptorParts(limit, reserved: null);
        Assert.Equal((connections, webSockets), (parts.Connections, parts.WebSockets));
    }

    [Theory]
    [InlineData(0, DescriptorUse.Any)]
    [InlineData(874, DescriptorUse.Any)]
    [InlineData(875, DescriptorUse.ShortRequest)]
    [InlineData(899, DescriptorUse.ShortRequest)]
    [InlineData(900, DescriptorUse.Program)]
    [InlineData(999, DescriptorUse.Program)]
    public void A_number_near_the_reserve_is_for_a_short_request_and_one_within_it_for_no_connection(int number, object use) =>
        Assert.Equal((DescriptorUse)use, new DescriptorParts(1000, reserved: 100).UseOf(number));

    [Fact]
    public void A_reserve_of_one_takes_only_the_highest_number()
    {
        var parts = new DescriptorParts(1000, reserved: 1);
        Assert.Equal((DescriptorUse.Any, DescriptorUse.Program), (parts.UseOf(998), parts.UseOf(999)));
    }
}
