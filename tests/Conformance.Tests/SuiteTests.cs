using ChannelsNet.Conformance.Families;

namespace ChannelsNet.Conformance;

public sealed class SuiteTests
{
    [Fact]
    public void All_517_cases_of_Autobahn_s_suite_are_here()
    {
        IEnumerable<object[]>[] families =
        [
            Framing.Ids, Pings.Ids, Reserved.Ids, Fragmentation.Ids, Utf8.Ids, Utf8Sequences.Ids, Closing.Ids, Limits.Ids, Limits.ManyIds, Compression.Ids,
            CompressionOffers.Ids,
        ];
        var ids = families.SelectMany(family => family.Select(row => (string)row[0])).ToList();
        Assert.Equal(ids.Distinct(), ids);
        Assert.Equal(
            ["1: 16", "2: 11", "3: 7", "4: 10", "5: 20", "6: 145", "7: 37", "9: 54", "10: 1", "12: 90", "13: 126"],
            ids.GroupBy(id => int.Parse(id.Split('.')[0], System.Globalization.CultureInfo.InvariantCulture))
                .OrderBy(family => family.Key)
                .Select(family => $"{family.Key}: {family.Count()}"));
        Assert.Equal(517, ids.Count);
    }
}
