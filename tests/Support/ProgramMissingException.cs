namespace ChannelsNet.Support;

/// <summary>
/// This machine lacks a program that a test needs, and may be without. Such a test is a
/// <c>[SkippableFact(typeof(ProgramMissingException))]</c>, which skips it with this reason. Where the program is required
/// (CHANNELSNET_REQUIRE_…=1, as in CI) this is never thrown and the test fails.
/// </summary>
public sealed class ProgramMissingException(string program, string package, Exception fault)
    : Exception($"{program} was not found, so what needs it was not tested. Install {package}. ({fault.Message.Trim()})", fault);
