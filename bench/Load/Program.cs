using System.Text.Json;
using ChannelsNet.Bench;
using ChannelsNet.Bench.Load;

if (args is not [var text] || JsonSerializer.Deserialize<LoadJob>(text) is not { } job)
{
    Console.Error.WriteLine("Usage: Load JOB, a LoadJob as JSON");
    return 1;
}

LoadResult result;
using (var work = Work.Of(job))
{
    try
    {
        result = work.Run();
    }
    catch (ServerFailedException failure)
    {
        result = new LoadResult { Fault = failure.Message };
    }
}

Console.WriteLine(JsonSerializer.Serialize(result));
return 0;
