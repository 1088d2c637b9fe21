using System.CommandLine;
using System.Globalization;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Corpora;
using BlasNet.Cli.Training;
using BlasNet.Datasets;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet train pairs</c>.</summary>
internal static class TrainPairsCommand
{
    private const string Data = "Pairs of texts, one a line, separated by a tab; a third column has their score. Plain or gzipped.";

    private const string Description = """
        Fine-tune an encoder with pairs of texts: what blasnet embed gives is then nearer to what you call near.

        With scores from -1 to 1 the cosine of each pair becomes its score; the test gives the correlation of their orders (Spearman). Without them each
        text is to find its partner among those of all pairs of a step; the test gives how many do, among a thousand.

        Examples:
          blasnet train pairs --encoder all-MiniLM-L6-v2 --data questions.tsv --epochs 1 --save tuned
          blasnet train pairs --encoder bge-small-en --data scored.tsv --dev dev.tsv --lora 8 --save tuned
        """;

    public static Command Create(CommandContext context)
    {
        var common = new TrainingOptions(Data, epochs: 1);
        var corpus = new CorpusOptions();
        var encoder = new EncoderTrainingOptions();
        encoder.Encoder.Required = true;
        Command command = TrainModelCommand.Create(context, "pairs", Description, common, [corpus.Dev, .. encoder.All], NewTraining, encoder.Adjust);
        corpus.RequireData(command, common.Data, "lines of two texts and perhaps a score, separated by tabs");
        return command;

        TrainingRun NewTraining(ParseResult options, TrainingSettings settings)
        {
            var source = Source<ScoredPair>.Of(Read, options.GetValue(common.Data)!, options.GetValue(corpus.Dev), settings.Limit);
            if (source.Train.Concat(source.Dev).Any(pair => pair.Score is null != source.Train.First().Score is null))
                throw new CommandException($"--dev {options.GetValue(corpus.Dev)}: must have scores if --data has, and none if that has none.");

            BlasNet.Text.TextEncoder loaded = encoder.Load(options, settings);
            return PairTraining.Create(loaded, source, encoder.GroupsOf(options, loaded), settings);
        }
    }

    private static IEnumerable<ScoredPair> Read(string file) => TabLines.Read(file, 2, 3).Select(line =>
    {
        double? score = null;
        if (line.Columns.Count == 3)
        {
            score = double.TryParse(line.Columns[2], NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number is >= -1 and <= 1
                ? number
                : throw new CommandException($"{file}:{line.Number}: the score must be a number from -1 to 1, not '{line.Columns[2]}'.");
        }

        return new ScoredPair(line.Columns[0], line.Columns[1], score);
    });
}
