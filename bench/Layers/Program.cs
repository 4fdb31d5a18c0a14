using System.Globalization;
using ChannelsNet.Bench.Layers;

switch (args)
{
    case ["micro"]:
        Micro.Run();
        return 0;
    case ["redis", .. var rest]:
        await RedisComparison.RunAsync(
            rest is [var rounds, ..] ? int.Parse(rounds, CultureInfo.InvariantCulture) : 3,
            rest is [_, var seconds, ..] ? double.Parse(seconds, CultureInfo.InvariantCulture) : 2,
            rest is [_, _, var only, ..] ? only : null);
        return 0;
    default:
        Console.Error.WriteLine("Usage: micro | redis [rounds [seconds [only]]]");
        return 1;
}
