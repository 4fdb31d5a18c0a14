using System.Net;
using System.Runtime;
using Microsoft.Extensions.Logging.Console;

namespace ChannelsNet.Bench.Servers;

/// <summary>What all servers have alike: Kestrel as it comes, plain HTTP, no log below a warning.</summary>
internal sealed class ServerHost
{
    public ServerHost(string[] args)
    {
        Builder = WebApplication.CreateSlimBuilder(args);
        Builder.Logging.SetMinimumLevel(LogLevel.Warning);

        // Whoever started it reads no more of the output than "ready".
        Builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        Builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, Builder.Configuration.GetValue("port", 5000)));
        Redis = Builder.Configuration["redis"];
    }

    public WebApplicationBuilder Builder { get; }

    /// <summary>Where the other nodes are met, as host:port; null for a node alone.</summary>
    public string? Redis { get; }

    /// <summary>Serves until it is killed, or until whoever started it has gone and closed its standard input.</summary>
    public void Run(Action<WebApplication> map)
    {
        var app = Builder.Build();
        map(app);
        app.MapGet("/gc", Collect);
        app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine("ready"));
        new Thread(ExitWithStarter) { IsBackground = true }.Start();
        app.Run();
    }

    /// <summary>Gives all memory back that is not in use, so that what idle connections hold can be read from outside.</summary>
    private static void Collect()
    {
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private static void ExitWithStarter()
    {
        while (Console.In.Read() >= 0)
        {
        }

        Environment.Exit(0);
    }
}
