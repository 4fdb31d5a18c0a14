using ChannelsNet.Bench.Servers;

// channels | signalr | plain, then --port 5000 [--redis host:port]
var host = new ServerHost(args[1..]);
switch (args[0])
{
    case "channels":
        ChannelsServer.Add(host.Builder, host.Redis);
        host.Run(ChannelsServer.Map);
        return 0;
    case "signalr":
        SignalRServer.Add(host.Builder, host.Redis);
        host.Run(SignalRServer.Map);
        return 0;
    case "plain":
        var plain = await PlainServer.StartAsync(host.Redis);
        host.Run(plain.Map);
        return 0;
    default:
        Console.Error.WriteLine($"\"{args[0]}\" is no server; write channels, signalr or plain.");
        return 1;
}
