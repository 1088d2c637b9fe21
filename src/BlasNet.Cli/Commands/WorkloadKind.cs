using System.CommandLine;
using BlasNet.Cli.Benchmarks;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Cli.Commands;

/// <summary>A workload as commands offer it.</summary>
/// <param name="Name">Of the subcommand.</param>
/// <param name="Description">What is computed.</param>
/// <param name="Data">What <c>--data</c> takes; null where examples are always synthetic.</param>
/// <param name="Batch">Examples of a step of <c>bench</c>, unless another number is given.</param>
/// <param name="Limit">Examples of a pass of <c>bench</c>, unless another number is given.</param>
/// <param name="Create">Makes it.</param>
/// <param name="Own">Options that no other one has.</param>
internal sealed record WorkloadKind(
    string Name, string Description, string? Data, int Batch, int Limit, Func<ParseResult, WorkloadOptions, Workload> Create, params Option[] Own)
{
    private const string Sentences = "Tagged sentences: CoNLL-U, or lines of word|TAG";

    /// <summary>The choices of <c>--written</c>, where there is data.</summary>
    public Named<Writing>[] Writings { get; private init; } = WorkloadOptions.Writings;

    /// <summary>What <c>--written</c> says.</summary>
    public string Written { get; private init; } = "How the model is written: an example's vectors as columns of matrices, or vector by vector in loops.";

    /// <summary>All of them, with options for one command.</summary>
    public static IReadOnlyList<WorkloadKind> All()
    {
        Option<int> vocabulary = CliOptions.Integer("--vocabulary", "Words the softmax is over, however many the data has.", byDefault: 10_000, 3, 1 << 24);
        return
        [
            new(MlpWorkload.Name, MlpWorkload.Description, Data: null, Batch: 128, Limit: 8192, (_, options) => MlpWorkload.Create(options)),
            new("tagger", TextWorkloads.Tagger, Sentences, Batch: 64, Limit: 1024, (_, options) => TextWorkloads.NewTagger(options)),
            new("tagger-char", TextWorkloads.CharacterTagger, Sentences, Batch: 64, Limit: 1024, (_, options) => TextWorkloads.NewCharacterTagger(options)),
            new("tree", TextWorkloads.Tree, "Trees in brackets", Batch: 64, Limit: 1024, (_, options) => TextWorkloads.NewTree(options)),
            new("lm", TextWorkloads.LanguageModel, "Text, one sentence a line, or CoNLL-U", Batch: 64, Limit: 128,
                (parsed, options) => TextWorkloads.NewLanguageModel(options, parsed.GetValue(vocabulary)), vocabulary),
            new("parser", ParserWorkload.Description, "Sentences with heads in CoNLL-U", Batch: 64, Limit: 512, (_, options) => ParserWorkload.Create(options))
            {
                Writings = WorkloadOptions.AwaitedWritings,
                Written = "How the model is written: with transitions that are awaited, or with those of the trees, known beforehand.",
            },
        ];
    }

    /// <summary>The option <c>--data</c>; is of use where <see cref="Data"/> is not null.</summary>
    public Option<string?> NewDataOption() =>
        CliOptions.FileName("--data", $"{Data}; plain or gzipped. Without it: synthetic ones with the lengths of real text.");
}
