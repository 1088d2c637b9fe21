namespace BlasNet.Tests.Cli;

/// <summary>Tests that run commands within this process: one after another, since the process has one place for notices.</summary>
/// <remarks>Those that count products, of which all of the process count, are in <see cref="Kernels.GemmSettings"/>.</remarks>
[CollectionDefinition(Name)]
public sealed class CommandLineTests
{
    public const string Name = "Command line";
}
