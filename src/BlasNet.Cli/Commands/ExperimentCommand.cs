using System.CommandLine;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet experiment</c>: one command for each question.</summary>
internal static class ExperimentCommand
{
    public static Command Create(CommandContext context) => new("experiment", "Ask a question by training many times.") { BatchSizeCommand.Create(context) };
}
