using System.Text.RegularExpressions;
using ChannelsNet.Security;
using ChannelsNet.Support;
using CsCheck;

namespace ChannelsNet.Fuzz;

/// <summary>Origins, and what looks like them, against another reading of the same rules.</summary>
public sealed partial class OriginFuzzTests
{
    private static readonly (string Pattern, Regex Admits)[] _rules =
    [
        ("example.com", new(@"\A[a-z][a-z0-9+.-]*://example\.com(:(?!0+\z)[0-9]{1,})?\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)),
        (".example.com", new(@"\A[a-z][a-z0-9+.-]*://([a-z0-9._-]*\.)?example\.com(:(?!0+\z)[0-9]{1,})?\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)),
        ("https://example.com", new(@"\Ahttps://example\.com(:0*443)?\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)),
        ("https://.example.com:8443", new(@"\Ahttps://([a-z0-9._-]*\.)?example\.com:0*8443\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)),
    ];

    private static readonly Gen<string> _origin = Gen.Frequency<string>(
        (8, Gen.Select(
            Gen.OneOf("https", "http", "HTTPS", "chrome-extension", "ws", "javascript", "", "1http"),
            Gen.OneOf("://", "://", "://", ":", ":/", ":///", "\\\\", "://user@"),
            Gen.OneOf(
                "example.com", "EXAMPLE.com", "www.example.com", "evil-example.com", "example.com.evil.org", "evil.org", "example.com@evil.org", "evil.org#example.com",
                "evil.org/example.com", "exämple.com", "xn--exmple-cua.com", "example.com.", ".example.com", "..example.com", "[::1]", "[::ffff:1.2.3.4%eth0]", "127.0.0.1", "", "null", "example.com\0", "example\u3002com"),
            Gen.OneOf("", "", "", ":443", ":80", ":8443", ":0", ":65535", ":65536", ":-1", ": 443", ":4x3", "/", "?", "#", "\n", " ", "\t", ":", "::443", ":00443"),
            (scheme, separator, host, end) => scheme + separator + host + end)),
        (1, Gen.String),
        (1, Gen.OneOf("null", "", " ", "://", "file://", "https://", "https://example.com https://evil.org", "https://example.com, https://evil.org")));

    [Fact]
    public void Only_what_the_rules_admit_is_admitted() => _origin.Sample(
        text =>
        {
            var isOrigin = Origin.TryParse(text, out var origin);
            foreach (var (pattern, admits) in _rules)
            {
                Assert.True(OriginPattern.TryParse(pattern, out var rule, out _));
                var expected = admits.IsMatch(text) && Port().Match(text) is var port && (!port.Success || int.TryParse(port.Groups[1].Value, out var number) && number <= 65535);
                Assert.True(expected == (isOrigin && rule.Matches(origin)), $"\"{text}\" and \"{pattern}\": expected {expected}.");
            }
        },
        iter: Fuzzing.Cases(20_000));

    [Fact]
    public void No_text_is_too_strange_for_a_pattern() => Gen.OneOf<string>(_origin, Gen.String).Sample(
        text => OriginPattern.TryParse(text, out var pattern, out var fault) ? pattern is not null : !string.IsNullOrEmpty(fault), iter: Fuzzing.Cases(20_000));

    [GeneratedRegex(@":([0-9]+)\z")]
    private static partial Regex Port();
}
