namespace BlasNet.Cli.CommandLine;

/// <summary>A file of arguments cannot be used; the message is the one line to show.</summary>
internal sealed class ResponseFileException(string message) : Exception(message);
