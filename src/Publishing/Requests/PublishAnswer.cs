using System.Globalization;
using System.Text;
using System.Text.Json;
using ChannelsNet.Messages.Values;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChannelsNet.Requests;

/// <summary>What a client is answered: <c>{"sent": 3}</c>, or a problem (RFC 9457) with a list of errors.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">JSON.</param>
/// <param name="IsFinal">Whether a repeat is to get the same answer. If not, nothing was sent.</param>
internal sealed record PublishAnswer(int Status, string Body, bool IsFinal)
{
    /// <summary>Seconds after which a client may try again.</summary>
    private const string RetryAfter = "1";

    /// <summary>Whether it is a repeat of an earlier one.</summary>
    public bool IsReplayed { get; init; }

    public static PublishAnswer Sent(int count) => new(StatusCodes.Status200OK, Write(json => json.WriteNumber("sent", count)), IsFinal: true);

    /// <param name="status">The HTTP status.</param>
    /// <param name="title">What it is about.</param>
    /// <param name="faults">What is wrong with which message.</param>
    /// <param name="sent">How many messages were sent all the same.</param>
    public static PublishAnswer Problem(int status, string title, IEnumerable<PublishFault> faults, int sent = 0) => new(
        status,
        Write(json =>
        {
            json.WriteString("title", title);
            json.WriteNumber("status", status);
            json.WriteNumber("sent", sent);
            json.WriteStartArray("errors");
            foreach (var fault in faults)
            {
                json.WriteStartObject();
                if (fault.Index is { } index)
                {
                    json.WriteNumber("index", index);
                }

                json.WriteString("error", fault.Error);
                json.WriteString("detail", fault.Detail);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }),
        IsFinal: sent > 0);

    /// <summary>As it is remembered; <see cref="Parse"/> reads it.</summary>
    public string ToText() => string.Create(CultureInfo.InvariantCulture, $"{Status} {(IsFinal ? 1 : 0)} {Body}");

    public static PublishAnswer Parse(string text)
    {
        var parts = text.Split(' ', 3);
        return new PublishAnswer(int.Parse(parts[0], CultureInfo.InvariantCulture), parts[2], parts[1] == "1");
    }

    public Task WriteAsync(HttpResponse response)
    {
        response.StatusCode = Status;
        response.ContentType = Status == StatusCodes.Status200OK ? "application/json" : "application/problem+json";
        if (Status == StatusCodes.Status503ServiceUnavailable)
        {
            response.Headers[HeaderNames.RetryAfter] = RetryAfter;
        }

        if (IsReplayed)
        {
            response.Headers["Idempotent-Replayed"] = "true";
        }

        return response.WriteAsync(Body);
    }

    private static string Write(Action<Utf8JsonWriter> members)
    {
        using var output = new PooledBuffer();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(output.Written);
    }
}
