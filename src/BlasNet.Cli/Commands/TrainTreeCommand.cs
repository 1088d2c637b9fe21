using System.CommandLine;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Cli.Training;
using BlasNet.Datasets;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet train tree</c>.</summary>
internal static class TrainTreeCommand
{
    private const int ListOpsTrees = 10_000, MostListOpsTrees = 1_000_000;

    private const string Data = "Trees in brackets, as of the Penn Treebank or the Stanford Sentiment Treebank; plain or gzipped. "
        + "Nodes of more than two children are split, branching to the left. Without it: lists of digits to be computed (ListOps), generated, 10,000 or --limit of them.";

    private const string Description = """
        Train a Tree-LSTM, written for one tree, whatever its form, that labels every node of it.

        Words unknown or rare are all one; a label that only the test has counts as missed.

        Examples:
          blasnet train tree
          blasnet train tree --data train.txt --dev dev.txt --hidden 150
        """;

    public static Command Create(CommandContext context)
    {
        var common = new TrainingOptions(Data, epochs: 5);
        var corpus = new CorpusOptions();
        Option<int> embedding = CorpusOptions.Size("--embedding", "Length of a word's vector.", byDefault: 128);
        Option<int> hidden = CorpusOptions.Size("--hidden", "Length of a node's state.", byDefault: 128);
        Command command = TrainModelCommand.Create(
            context, "tree", Description, common, [corpus.Dev, corpus.MinimumCount, embedding, hidden], NewTraining);
        corpus.RequireData(command, common.Data, what: null);
        return command;

        TrainingRun NewTraining(ParseResult options, TrainingSettings settings)
        {
            Source<Tree> source = options.GetValue(common.Data) is { } file
                ? Source<Tree>.Of(path => TreeFile.Read(path).Select(tree => tree.Binarize()), file, options.GetValue(corpus.Dev), settings.Limit)
                : TreeCoding.ListOps(settings.Seed, (settings.Limit ?? ListOpsTrees) is <= MostListOpsTrees and var trees ? trees
                    : throw new CommandException($"--limit {settings.Limit}: at most {MostListOpsTrees} lists are generated."));
            var coding = new TreeCoding(source.Train, options.GetValue(corpus.MinimumCount));
            var sizes = new TreeSizes(coding.Words.Count, coding.Labels.Count, options.GetValue(embedding), options.GetValue(hidden));
            var named = new Dictionary<string, int>
            {
                ["words"] = sizes.Words,
                ["labels"] = sizes.Labels,
                ["embedding"] = sizes.Embedding,
                ["hidden"] = sizes.Hidden,
            };
            return TreeTraining.Create(source.Read(coding.Encode), coding, model => new TreeClassifier(model, sizes), named, settings);
        }
    }
}
