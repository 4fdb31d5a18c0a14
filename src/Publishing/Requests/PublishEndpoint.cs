using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace ChannelsNet.Requests;

/// <summary>Serves the requests of one endpoint: reads and checks all of a request, then sends its messages in their order.</summary>
internal sealed class PublishEndpoint(
    IChannelLayer layer, PublishOptions options, PublicationReader reader, RememberedAnswers remembered, PublishMeter meter)
{
    private const string TooLarge = "too_large";
    private const string Failed = "failed";

    public async Task ServeAsync(HttpContext context)
    {
        var answer = await AnswerAsync(context).ConfigureAwait(false);
        await answer.WriteAsync(context.Response).ConfigureAwait(false);
    }

    private async Task<PublishAnswer> AnswerAsync(HttpContext context)
    {
        // A page of another site can't send this type without being asked for by CORS, so that a user's cookie alone publishes nothing.
        if (!context.Request.HasJsonContentType())
        {
            return Refused(
                StatusCodes.Status415UnsupportedMediaType, $"The Content-Type is \"{context.Request.ContentType}\"; expected application/json.");
        }

        if (IdempotencyKey.Read(context.Request.Headers, out var key) is { } keyFault)
        {
            return Refused(StatusCodes.Status400BadRequest, keyFault);
        }

        if (await ReadBodyAsync(context).ConfigureAwait(false) is not { } body)
        {
            return Refused(
                StatusCodes.Status413PayloadTooLarge,
                $"The body has more than {nameof(PublishOptions)}.{nameof(PublishOptions.MaxBodySize)} = {options.MaxBodySize} bytes. Send less at a time.");
        }

        var faults = new List<PublishFault>();
        var publications = reader.Read(body, faults);
        if (faults.Count > 0)
        {
            var isDenied = faults.TrueForAll(fault => fault.Error == PublicationReader.Denied);
            return PublishAnswer.Problem(
                isDenied ? StatusCodes.Status403Forbidden : StatusCodes.Status400BadRequest, "Nothing was sent: the request has faults.", faults);
        }

        return key is null
            ? await SendAsync(publications).ConfigureAwait(false)
            : await remembered.GetAsync(context.User, key, body, () => SendAsync(publications)).ConfigureAwait(false);
    }

    private static PublishAnswer Refused(int status, string detail) =>
        PublishAnswer.Problem(status, "Nothing was sent: the request has faults.", [new PublishFault(null, PublicationReader.Invalid, detail)]);

    /// <summary>The whole body; null if it is too large.</summary>
    private async Task<byte[]?> ReadBodyAsync(HttpContext context)
    {
        var result = await context.Request.BodyReader.ReadAtLeastAsync(options.MaxBodySize + 1, context.RequestAborted).ConfigureAwait(false);
        var body = result.Buffer.Length > options.MaxBodySize ? null : result.Buffer.ToArray();
        context.Request.BodyReader.AdvanceTo(result.Buffer.End);
        return body;
    }

    /// <summary>Sends one after the other; one that can't be sent keeps no other back.</summary>
    private async Task<PublishAnswer> SendAsync(List<Publication> publications)
    {
        var faults = new List<PublishFault>();
        for (var index = 0; index < publications.Count; index++)
        {
            try
            {
                await SendAsync(publications[index]).ConfigureAwait(false);
                meter.Add(PublishMeter.Sent);
            }
            catch (Exception fault)
            {
                // Whatever it is, how many were sent before it must not be forgotten.
                var error = ErrorOf(fault);
                faults.Add(new(index, error, fault.Message));
                meter.Add(error);
            }
        }

        var sent = publications.Count - faults.Count;
        if (faults.Count == 0)
        {
            return PublishAnswer.Sent(sent);
        }

        return PublishAnswer.Problem(
            faults.Exists(fault => fault.Error == Failed) ? StatusCodes.Status500InternalServerError
            : faults.Exists(fault => fault.Error != TooLarge) ? StatusCodes.Status503ServiceUnavailable
            : StatusCodes.Status413PayloadTooLarge,
            sent == 0 ? "Nothing was sent." : "Not all messages were sent.",
            faults,
            sent);
    }

    private ValueTask SendAsync(Publication publication) => publication.IsGroup
        ? layer.GroupSendAsync(publication.Destination, publication.Message)
        : layer.SendAsync(publication.Destination, publication.Message);

    /// <summary>What a layer says of a message that it does not take.</summary>
    private static string ErrorOf(Exception fault) => fault switch
    {
        ChannelFullException => "full",
        ChannelLayerUnavailableException => "unavailable",
        MessageTooLargeException => TooLarge,
        _ => Failed,
    };
}
