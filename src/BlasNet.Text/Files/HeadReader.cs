using System.Numerics;

namespace BlasNet.Text.Files;

/// <summary>Reads an encoder with its head.</summary>
internal static class HeadReader
{
    /// <exception cref="IOException">A file is missing, breaks a rule or does not fit the others.</exception>
    public static (TextEncoder Encoder, Head Head) Read<T>(string folder, TextEncoderOptions? options, bool ofTokens)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var files = new ModelFolder(folder);
        Head? head = null;
        TextEncoder encoder = TextEncoder.Load<T>(files, options, (parameters, sizes) =>
            head = new Head(parameters, sizes, HeadConfiguration.Read(files.Configuration, sizes, ofTokens), options?.Dropout == true));
        return (encoder, head!);
    }
}
