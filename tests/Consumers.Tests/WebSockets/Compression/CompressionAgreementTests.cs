namespace ChannelsNet.WebSockets.Compression;

public sealed class CompressionAgreementTests
{
    private const string Answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    [Theory]
    [InlineData("permessage-deflate", Answer, 32_768)]
    [InlineData("permessage-deflate; client_max_window_bits", Answer, 32_768)]
    [InlineData("permessage-deflate;client_max_window_bits=8;client_no_context_takeover", Answer, 32_768)]
    [InlineData("permessage-deflate; server_no_context_takeover", Answer, 32_768)]
    [InlineData("permessage-deflate; server_max_window_bits=15", Answer + "; server_max_window_bits=15", 32_768)]
    [InlineData("permessage-deflate; server_max_window_bits=9", Answer + "; server_max_window_bits=9", 512)]
    [InlineData("permessage-deflate ; server_max_window_bits = \"8\"", Answer + "; server_max_window_bits=8", 256)]
    [InlineData("x-webkit-deflate-frame, permessage-deflate", Answer, 32_768)]
    [InlineData("permessage-deflate; server_max_window_bits=10, permessage-deflate", Answer + "; server_max_window_bits=10", 1024)]
    [InlineData("permessage-deflate; something_new, permessage-deflate; server_max_window_bits=10", Answer + "; server_max_window_bits=10", 1024)]
    public void The_first_offer_that_will_do_is_taken_and_no_side_keeps_anything_between_messages(string offers, string answer, int window) =>
        Assert.Equal(new CompressionAgreement(window, answer), CompressionAgreement.Find(offers.Split(", ")));

    [Theory]
    [InlineData("")]
    [InlineData("permessage-bzip2")]
    [InlineData("Permessage-Deflate")]
    [InlineData("permessage-deflate; something_new")]
    [InlineData("permessage-deflate;")]
    [InlineData("permessage-deflate; server_no_context_takeover=true")]
    [InlineData("permessage-deflate; client_no_context_takeover=")]
    [InlineData("permessage-deflate; server_max_window_bits")]
    [InlineData("permessage-deflate; server_max_window_bits=7")]
    [InlineData("permessage-deflate; server_max_window_bits=16")]
    [InlineData("permessage-deflate; server_max_window_bits=09")]
    [InlineData("permessage-deflate; server_max_window_bits=+9")]
    [InlineData("permessage-deflate; client_max_window_bits=7")]
    [InlineData("permessage-deflate; client_max_window_bits=")]
    [InlineData("permessage-deflate; server_no_context_takeover; server_no_context_takeover")]
    public void An_offer_that_is_not_as_it_should_be_is_passed_over(string offer) =>
        Assert.Null(CompressionAgreement.Find([offer]));
}
