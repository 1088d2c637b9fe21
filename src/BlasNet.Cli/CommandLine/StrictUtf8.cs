using System.Text;

namespace BlasNet.Cli.CommandLine;

/// <summary>UTF-8 whose invalid bytes are an error, not a replacement.</summary>
internal static class StrictUtf8
{
    public static Encoding Encoding { get; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
