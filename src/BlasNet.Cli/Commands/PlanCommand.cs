using System.CommandLine;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet plan</c>: a command for each workload.</summary>
internal static class PlanCommand
{
    private const string Description = """
        Predict how fast a model trains on several machines, and where more of them stop paying.

        Steps of several sizes are timed here; what ranks exchange is computed from the network's latency and bandwidth. Started by mpiexec, it measures
        the network between its ranks, and steps on all of them at once.

        Examples:
          blasnet plan tagger --network 10Gb --latency 20us
          blasnet plan lm --batch 512 --ranks 1,2,4,8,16 --network 100Gb --latency 2us --json
          blasnet plan tree --noise-scale 800               and the optimization batch that goes with each number of ranks
          mpiexec -n 2 blasnet plan tree                    with the network that is there
        """;

    public static Command Create(CommandContext context)
    {
        var command = new Command("plan", Description);
        foreach (WorkloadKind kind in WorkloadKind.All())
            command.Subcommands.Add(PlanWorkloadCommand.Create(context, kind));

        return command;
    }
}
