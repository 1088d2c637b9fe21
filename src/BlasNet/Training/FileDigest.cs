using System.IO.Hashing;

namespace BlasNet.Training;

/// <summary>What a file is recognised by: its length and its XXH128 checksum, which finds damage but not forgery.</summary>
internal sealed record FileDigest(long Bytes, string Xxh128)
{
    public static FileDigest Of(string path)
    {
        using FileStream file = File.OpenRead(path);
        var hash = new XxHash128();
        hash.Append(file);
        return new FileDigest(file.Length, Convert.ToHexStringLower(hash.GetCurrentHash()));
    }
}
