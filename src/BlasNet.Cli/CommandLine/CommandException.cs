namespace BlasNet.Cli.CommandLine;

/// <summary>A command cannot go on for a reason that lies with its user; the message is the one line to show.</summary>
internal sealed class CommandException(string message) : Exception(message);
