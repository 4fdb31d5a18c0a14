using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ChannelsNet.Support;

/// <summary>A certificate for localhost that nobody has signed but itself, and its files.</summary>
public sealed class TestCertificate : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("channelsnet-");
    private readonly X509Certificate2 _certificate;

    private TestCertificate(X509Certificate2 certificate, string key)
    {
        _certificate = certificate;
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(KeyFile, key);
    }

    /// <summary>The certificate as PEM, also for those who are to trust it.</summary>
    public string CertificateFile => Path.Combine(_folder.FullName, "certificate.pem");

    /// <summary>The private key as PEM.</summary>
    public string KeyFile => Path.Combine(_folder.FullName, "key.pem");

    public static TestCertificate Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = DateTimeOffset.UtcNow;
        return new TestCertificate(request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1)), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A client's check that trusts this certificate and no other.</summary>
    public bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors faults) =>
        certificate is not null && certificate.GetRawCertData().AsSpan().SequenceEqual(_certificate.RawData)
        && !faults.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch);

    public void Dispose()
    {
        _certificate.Dispose();
        _folder.Delete(recursive: true);
    }
}
