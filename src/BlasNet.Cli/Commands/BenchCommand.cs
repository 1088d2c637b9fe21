using System.CommandLine;
using BlasNet.Cli.Benchmarks;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet bench</c>: one command for each workload, and one for the matrix product alone.</summary>
internal static class BenchCommand
{
    private const string Description = """
        Measure how fast models train, and how fast matrix products are.

        Examples:
          blasnet bench mlp --batch 128 --threads 1 --json
          blasnet bench mlp --batching off --gemm openblas
          blasnet bench tree --batch 64 --plan-cache all
          blasnet bench tagger --data train.conllu.gz --limit 2000
          blasnet bench gemm --sizes 256,512 --batches 1,4,16 --threads 1
        """;

    private const string Sentences = "Tagged sentences: CoNLL-U, or lines of word|TAG";

    public static Command Create(CommandContext context)
    {
        Option<int> vocabulary = CliOptions.Integer("--vocabulary", "Words the softmax is over, however many the data has.", byDefault: 10_000, 3, 1 << 24);
        return new Command("bench", Description)
        {
            Of(new(MlpWorkload.Name, MlpWorkload.Description, Data: null, Batch: 128, Limit: 8192), MlpWorkload.Create),
            Of(new("tagger", TextWorkloads.Tagger, Sentences, Batch: 64, Limit: 1024), TextWorkloads.NewTagger),
            Of(new("tagger-char", TextWorkloads.CharacterTagger, Sentences, Batch: 64, Limit: 1024), TextWorkloads.NewCharacterTagger),
            Of(new("tree", TextWorkloads.Tree, "Trees in brackets", Batch: 64, Limit: 1024), TextWorkloads.NewTree),
            BenchWorkloadCommand.Create(
                context, new("lm", TextWorkloads.LanguageModel, "Text, one sentence a line, or CoNLL-U", Batch: 64, Limit: 128),
                (parsed, options) => TextWorkloads.NewLanguageModel(options, parsed.GetValue(vocabulary)), vocabulary),
            BenchGemmCommand.Create(context),
        };

        Command Of(WorkloadDescription about, Func<WorkloadOptions, Workload> create) =>
            BenchWorkloadCommand.Create(context, about, (_, options) => create(options));
    }
}
