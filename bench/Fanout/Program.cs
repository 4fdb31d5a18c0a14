using ChannelsNet.Bench;
using ChannelsNet.Bench.Fanout;

if (Options.Parse(args) is not { } options)
{
    Console.Error.WriteLine(Options.Usage);
    return 1;
}

using var started = new Started();
var servers = Server.All.Where(options.Takes).ToList();
if (!await Limit.CompileAsync() && servers.Remove(Server.Limit))
{
    Console.WriteLine("There is no g++: the limit is left out.");
}

var results = await new Comparison(options, servers, started).RunAsync();
var tables = Tables.Of(results, servers);
if (options.IsWhole)
{
    var redis = (await Programs.RunAsync("redis-server", "--version")).Split(" sha")[0];
    Readme.Write("fanout", "bench/run", [redis, .. Limit.Versions, $"{options.Rounds} rounds of {options.Seconds:0.#} s each"], tables);
}
else
{
    Console.WriteLine(tables);
}

return 0;
