using System.ComponentModel;

namespace ChannelsNet.Support;

/// <summary>nginx as a load balancer before some nodes, as <c>docker/nginx.conf</c> has it, until it is disposed.</summary>
public sealed class NginxProcess : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly ServerProcess _process;

    private NginxProcess(DirectoryInfo folder, ServerProcess process, int port)
    {
        _folder = folder;
        _process = process;
        Port = port;
    }

    public int Port { get; }

    /// <summary>What it has written so far.</summary>
    public string Output => _process.Output;

    /// <param name="nodes">The ports of the nodes on this machine.</param>
    /// <exception cref="ProgramMissingException">There is no nginx, and none is required.</exception>
    public static async Task<NginxProcess> StartAsync(params int[] nodes)
    {
        var folder = Directory.CreateTempSubdirectory("channelsnet-");
        var port = Ports.Free();
        var file = Path.Combine(folder.FullName, "nginx.conf");
        await File.WriteAllTextAsync(file, Configuration(folder.FullName, port, nodes));
        try
        {
            // It says nothing when it is ready, but that it has begun.
            var process = await ServerProcess.StartAsync("nginx", ["-c", file, "-p", folder.FullName, "-e", "stderr"], "start worker process");
            return new NginxProcess(folder, process, port);
        }
        catch (Win32Exception fault) when (Environment.GetEnvironmentVariable("CHANNELSNET_REQUIRE_NGINX") != "1")
        {
            folder.Delete(recursive: true);
            throw new ProgramMissingException("nginx", "nginx", fault);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static string Configuration(string folder, int port, int[] nodes) => $$"""
        daemon off;
        worker_processes 2;
        worker_rlimit_nofile 16384;
        error_log stderr notice;
        pid {{folder}}/nginx.pid;
        events { worker_connections 8192; }
        http {
            access_log off;
            client_body_temp_path {{folder}}; proxy_temp_path {{folder}}; fastcgi_temp_path {{folder}}; uwsgi_temp_path {{folder}}; scgi_temp_path {{folder}};
            map $http_upgrade $connection_upgrade { default upgrade; '' close; }
            # Not taken for lost after a failure: that ends with the next request that succeeds, which for a WebSocket is when it closes.
            upstream web {
                {{string.Concat(nodes.Select(node => $"server 127.0.0.1:{node} max_fails=0; "))}}
            }
            server {
                listen 127.0.0.1:{{port}} reuseport;
                location / {
                    proxy_pass http://web;
                    proxy_http_version 1.1;
                    proxy_set_header Upgrade $http_upgrade;
                    proxy_set_header Connection $connection_upgrade;
                    proxy_set_header Host $http_host;
                    proxy_connect_timeout 1s;
                    proxy_next_upstream error timeout http_503;
                    proxy_read_timeout 60s;
                }
            }
        }
        """;
}
