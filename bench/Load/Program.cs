using System.Text.Json;
using ChannelsNet.Bench;
using ChannelsNet.Bench.Load;

if (args is not [var text] || JsonSerializer.Deserialize<Job>(text) is not { } job)
{
    Console.Error.WriteLine("Usage: Load JOB, a Job as JSON");
    return 1;
}

using var work = Work.Of(job);
Console.WriteLine(JsonSerializer.Serialize(work.Run()));
return 0;
