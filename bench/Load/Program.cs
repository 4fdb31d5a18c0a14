using System.Text.Json;
using ChannelsNet.Bench;
using ChannelsNet.Bench.Load;

if (args is not [var text] || JsonSerializer.Deserialize<Job>(text) is not { } job)
{
    Console.Error.WriteLine("Usage: Load JOB, a Job as JSON");
    return 1;
}

Result result;
using (var work = Work.Of(job))
{
    try
    {
        result = work.Run();
    }
    catch (ServerFailedException failure)
    {
        result = new Result { Fault = failure.Message };
    }
}

Console.WriteLine(JsonSerializer.Serialize(result));
return 0;
