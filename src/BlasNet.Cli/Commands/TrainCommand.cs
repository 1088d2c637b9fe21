using System.CommandLine;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet train</c>: one command for each model.</summary>
internal static class TrainCommand
{
    private const string Description = """
        Train a network.

        Examples:
          blasnet train digits --epochs 10
          blasnet train tagger --data train.conllu.gz --dev dev.conllu.gz
          blasnet train tree --limit 2000
          blasnet train classifier --encoder all-MiniLM-L6-v2 --data mails.tsv --save mails
        """;

    public static Command Create(CommandContext context) => new("train", Description)
    {
        TrainDigitsCommand.Create(context),
        TrainTaggerCommand.Create(context, spell: false),
        TrainTaggerCommand.Create(context, spell: true),
        TrainTreeCommand.Create(context),
        TrainLanguageModelCommand.Create(context),
        TrainParserCommand.Create(context),
        TrainPairsCommand.Create(context),
        TrainClassifierCommand.Create(context),
    };
}
