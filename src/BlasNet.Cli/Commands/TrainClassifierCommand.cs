using System.CommandLine;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Corpora;
using BlasNet.Cli.Training;
using BlasNet.Text;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet train classifier</c>.</summary>
internal static class TrainClassifierCommand
{
    private const string Data = "Texts, one a line, and their labels, separated by a tab; or two texts and the label of the pair. Plain or gzipped.";

    private const string Description = """
        Train a classifier of texts, or of pairs of texts, that begins with a pretrained encoder.

        A label that only the test has counts as missed.

        Examples:
          blasnet train classifier --encoder all-MiniLM-L6-v2 --data mails.tsv --save mails
          blasnet train classifier --encoder distilbert-base-uncased --data reviews.tsv --freeze 4 --epochs 2
        """;

    public static Command Create(CommandContext context)
    {
        var common = new TrainingOptions(Data, epochs: 3);
        var corpus = new CorpusOptions();
        var encoder = new EncoderTrainingOptions();
        encoder.Encoder.Required = true;
        Command command = TrainModelCommand.Create(context, "classifier", Description, common, [corpus.Dev, .. encoder.All], NewTraining, encoder.Adjust);
        corpus.RequireData(command, common.Data, "lines of a text, or two, and a label, separated by tabs");
        return command;

        TrainingRun NewTraining(ParseResult options, TrainingSettings settings)
        {
            var source = Source<(TextInput, string)>.Of(LabelledText.Read, options.GetValue(common.Data)!, options.GetValue(corpus.Dev), settings.Limit);
            return EncoderTraining.Classifier(encoder.Load(options, settings), source, loaded => encoder.GroupsOf(options, loaded), settings);
        }
    }
}
