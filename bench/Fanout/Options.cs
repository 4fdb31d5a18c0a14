using System.Globalization;

namespace ChannelsNet.Bench.Fanout;

/// <summary>What of the comparison is to run, and how long.</summary>
internal sealed record Options
{
    public const string Usage = "Usage: [rounds=3] [seconds=4] [only=SERVER,.../WORKLOAD,...]";

    private string[] _servers = [];
    private string[] _workloads = [];

    public int Rounds { get; private set; } = 3;

    /// <summary>How long each workload is measured.</summary>
    public double Seconds { get; private set; } = 4;

    /// <summary>Whether nothing is left out, so that the tables may go into the README.</summary>
    public bool IsWhole => _servers.Length == 0 && _workloads.Length == 0;

    public static Options? Parse(string[] args)
    {
        var options = new Options();
        foreach (var arg in args)
        {
            switch (arg.Split('=', 2))
            {
                case ["rounds", var rounds]:
                    options.Rounds = int.Parse(rounds, CultureInfo.InvariantCulture);
                    break;
                case ["seconds", var seconds]:
                    options.Seconds = double.Parse(seconds, CultureInfo.InvariantCulture);
                    break;
                case ["only", var only]:
                    var parts = only.Split('/');
                    options._servers = parts[0].Split(',', StringSplitOptions.RemoveEmptyEntries);
                    options._workloads = parts.Length > 1 ? parts[1].Split(',', StringSplitOptions.RemoveEmptyEntries) : [];
                    break;
                default:
                    return null;
            }
        }

        return options;
    }

    public bool Takes(Server server) => _servers.Length == 0 || _servers.Contains(server.Name);

    public bool Takes(Workload workload) => _workloads.Length == 0 ? !workload.IsOnRequest : _workloads.Contains(workload.Name);
}
