namespace BlasNet.Cli.CommandLine;

/// <summary>A command stopped because it was asked to, and says how far it came.</summary>
internal sealed class InterruptedException(string message) : OperationCanceledException(message);
