using System.CommandLine;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet train</c>: one command for each model.</summary>
internal static class TrainCommand
{
    public static Command Create(CommandContext context) => new("train", "Train a network.") { TrainDigitsCommand.Create(context) };
}
