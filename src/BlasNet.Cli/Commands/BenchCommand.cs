using System.CommandLine;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet bench</c>: one command for each workload, one for pretrained encoders, and one for the matrix product alone.</summary>
internal static class BenchCommand
{
    private const string Description = """
        Measure the speed of training, of pretrained encoders and of matrix products.

        Examples:
          blasnet bench mlp --batch 128 --threads 1 --json
          blasnet bench mlp --batching off --gemm openblas
          blasnet bench tree --batch 64 --plan-cache all
          blasnet bench tagger --data train.conllu.gz --limit 2000
          blasnet bench encoder --model all-MiniLM-L6-v2 --data train.conllu.gz
          blasnet bench gemm --sizes 256,512 --batches 1,4,16 --threads 1
        """;

    public static Command Create(CommandContext context)
    {
        var command = new Command("bench", Description);
        foreach (WorkloadKind kind in WorkloadKind.All())
            command.Subcommands.Add(BenchWorkloadCommand.Create(context, kind));

        command.Subcommands.Add(BenchEncoderCommand.Create(context));
        command.Subcommands.Add(BenchGemmCommand.Create(context));
        return command;
    }
}
