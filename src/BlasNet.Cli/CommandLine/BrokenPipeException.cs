namespace BlasNet.Cli.CommandLine;

/// <summary>Nobody reads the output any more, as of <c>blasnet … | head</c>: the command ends without a word.</summary>
/// <remarks>No <see cref="IOException"/>, so that nobody takes it for an error of a file.</remarks>
internal sealed class BrokenPipeException() : Exception("Nobody reads the output any more.");
