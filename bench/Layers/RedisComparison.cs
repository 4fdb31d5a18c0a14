using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ChannelsNet.Bench.Layers;

/// <summary>Both layers over Redis, Python's, and the limit, by turns on one redis-server.</summary>
internal static partial class RedisComparison
{
    private const string Python = "/usr/bin/python3";

    private static readonly string _script = Path.Combine(AppContext.BaseDirectory, "channels_redis_bench.py");

    private static readonly (string Name, string Work, double Goal, Func<string, double, Task<double>> Run)[] _works =
    [
        ("pubsub-1", "publish and subscribe: group sends, one at a time", 5, (address, seconds) => RedisWork.PubSubGroupAsync(address, seconds, 1)),
        ("pubsub-64", "publish and subscribe: group sends, 64 in flight", 5, (address, seconds) => RedisWork.PubSubGroupAsync(address, seconds, 64)),
        ("queue-channel", "queues: send and receive, one channel", 4, RedisWork.QueueChannelAsync),
        ("queue-100", "queues: group sends to 100 channels", 4, (address, seconds) => RedisWork.QueueGroupAsync(address, seconds, 100)),
        ("queue-1000", "queues: group sends to 1,000 channels", 2, (address, seconds) => RedisWork.QueueGroupAsync(address, seconds, 1000)),
    ];

    public static async Task RunAsync(int rounds, double seconds, string? only)
    {
        var payload = await PayloadAsync();
        var (server, address) = await Programs.StartRedisAsync();
        try
        {
            var works = _works.Where(work => only is null || work.Name.StartsWith(only, StringComparison.Ordinal)).ToArray();
            var ours = works.ToDictionary(work => work.Name, _ => new List<double>());
            var theirs = works.ToDictionary(work => work.Name, _ => new List<double>());
            List<double> limit = [], bare1 = [], bare64 = [];

            // The first round is for the compiler.
            for (var round = 0; round <= rounds; round++)
            {
                foreach (var (name, _, _, run) in works)
                {
                    var rate = await run(address, round == 0 ? 1 : seconds);
                    if (round > 0)
                    {
                        ours[name].Add(rate);
                        theirs[name].Add(double.Parse(
                            await Programs.RunAsync(Python, _script, address, name, seconds.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture));
                        Console.WriteLine($"{round} {name}: {ours[name][^1]:N0}/s, channels_redis {theirs[name][^1]:N0}/s");
                    }
                }

                var one = await RedisWork.BarePublishAsync(address, round == 0 ? 1 : seconds, 1, payload);
                var many = await RedisWork.BarePublishAsync(address, round == 0 ? 1 : seconds, 64, payload);
                if (round > 0)
                {
                    bare1.Add(one);
                    bare64.Add(many);
                    limit.Add(await LimitAsync(address, payload.Length));
                    Console.WriteLine($"{round} StackExchange.Redis alone: {one:N0}/s and {many:N0}/s, redis-benchmark: {limit[^1]:N0}/s");
                }
            }

            if (only is null)
            {
                string[] versions = [(await Programs.RunAsync("redis-server", "--version")).Split(" sha")[0], await Programs.RunAsync(Python, _script, address, "versions")];
                Readme.Write(
                    "redis", "dotnet run -c Release --project bench/Layers -- redis",
                    [.. versions, $"{rounds} rounds of {seconds:0.#} s each"], Table(ours, theirs, bare1, bare64, limit, payload.Length));
            }
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
            server.Dispose();
        }
    }

    private static string Table(
        Dictionary<string, List<double>> ours, Dictionary<string, List<double>> theirs, List<double> bare1, List<double> bare64, List<double> limit, int size)
    {
        var text = new StringBuilder();
        text.AppendLine("| a second: median (min to max) | ChannelsNet | channels_redis | ratio | goal | |");
        text.AppendLine("|---|---:|---:|---:|---:|---|");
        foreach (var (name, work, goal, _) in _works)
        {
            var ratio = Median(ours[name]) / Median(theirs[name]);
            text.AppendLine($"| {work} | {Cell(ours[name])} | {Cell(theirs[name])} | {ratio:0.0} | {goal:0} | {Readme.Met(ratio >= goal)} |");
        }

        var (one, many) = (Median(ours["pubsub-1"]), Median(ours["pubsub-64"]));
        text.AppendLine();
        text.AppendLine($"| PUBLISH of the same {size} bytes | a second | our group sends, of it | goal | |");
        text.AppendLine("|---|---:|---:|---:|---|");
        text.AppendLine($"| `redis-benchmark -P 16`, 50 connections, no subscriber | {Cell(limit)} | {many / Median(limit):0.00} | 0.50 | {Readme.Met(many / Median(limit) >= 0.5)} |");
        text.AppendLine($"| StackExchange.Redis alone, 64 in flight, one subscriber | {Cell(bare64)} | {many / Median(bare64):0.00} | | |");
        text.AppendLine($"| StackExchange.Redis alone, one at a time, one subscriber | {Cell(bare1)} | {one / Median(bare1):0.00} | | |");
        return text.ToString();
    }

    private static string Cell(List<double> values) => new Spread(values).Cell("N0");

    private static double Median(List<double> values) => new Spread(values).Median;

    private static async Task<double> LimitAsync(string address, int size)
    {
        var output = await Programs.RunAsync(
            "redis-benchmark", "-p", address.Split(':')[1], "-P", "16", "-n", "100000", "-q", "PUBLISH", "asgi__group__room", new string('x', size));
        return double.Parse(Rate().Matches(output)[^1].Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private static async Task<byte[]> PayloadAsync()
    {
        await using var layer = new Layer(ChannelLayerBackend.InMemory);
        var payload = new ArrayBufferWriter<byte>();
        layer.Serializer.Serialize(ChatMessage.Hello, default, payload);
        return payload.WrittenSpan.ToArray();
    }

    [GeneratedRegex(@"([\d.]+) requests per second")]
    private static partial Regex Rate();
}
