using Garnet;

// A server that speaks Redis's protocol, from NuGet alone: for the tests on a machine that has neither redis-server nor Docker.
// usage: RespServer PORT
using var server = new GarnetServer(
[
    "--port", args[0], "--bind", "127.0.0.1", "--memory", "32m", "--page", "1m", "--index", "1m", "--lua", "-q",
]);
server.Start();
Console.WriteLine("Ready to accept connections");
await Task.Delay(Timeout.Infinite);
