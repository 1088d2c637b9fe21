using System.Security.Cryptography;

namespace BlasNet.Training;

/// <summary>By what a file is recognised: its length and its SHA-256.</summary>
internal sealed record FileDigest(long Bytes, string Sha256)
{
    public static FileDigest Of(string path)
    {
        using FileStream file = File.OpenRead(path);
        return new FileDigest(file.Length, Convert.ToHexStringLower(SHA256.HashData(file)));
    }
}
