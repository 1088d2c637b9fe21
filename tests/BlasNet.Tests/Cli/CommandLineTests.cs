namespace BlasNet.Tests.Cli;

/// <summary>Commands choose kernels for the whole process and count its products, so these tests run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class CommandLineTests
{
    public const string Name = "Command line";
}
