using System.CommandLine;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Cli.Training;
using BlasNet.Datasets;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet train parser</c>.</summary>
internal static class TrainParserCommand
{
    private const string Description = """
        Train a dependency parser, written for one sentence: two bidirectional LSTMs over words and parts of speech (UPOS), and a perceptron that chooses
        each transition. It awaits each choice; all sentences of a step go on together.

        Measures: UAS, the part of the words whose head is right, and LAS, head and relation; punctuation counts.

        Examples:
          blasnet train parser --data train.conllu.gz --dev dev.conllu.gz
          blasnet train parser --data train.conllu --epochs 10 --beam 4 --save parser.safetensors
        """;

    public static Command Create(CommandContext context)
    {
        var common = new TrainingOptions("Sentences with heads, in CoNLL-U; plain or gzipped.", epochs: 5);
        var corpus = new CorpusOptions();
        Option<int> embedding = CorpusOptions.Size("--embedding", "Length of a word's vector.", byDefault: 100);
        Option<int> tag = CorpusOptions.Size("--tag-embedding", "Length of a part of speech's vector.", byDefault: 25);
        Option<int> hidden = CorpusOptions.Size("--hidden", "Length of each direction's state.", byDefault: 125);
        Option<int> mlp = CorpusOptions.Size("--mlp", "Length of the perceptron's hidden layer.", byDefault: 100);
        Option<int> beam = CliOptions.Integer("--beam", "Trees that the test keeps at each transition; 1 for the best transition alone.", byDefault: 1, 1,
            1 << 10);
        Option[] own = [corpus.Dev, corpus.MinimumCount, embedding, tag, hidden, mlp, beam];
        Command command = TrainModelCommand.Create(context, "parser", Description, common, own, NewTraining);
        corpus.RequireData(command, common.Data, "sentences in CoNLL-U");
        return command;

        TrainingRun NewTraining(ParseResult options, TrainingSettings settings)
        {
            var source = Source<ConlluWord[]>.Of(ReadWithHeads, options.GetValue(common.Data)!, options.GetValue(corpus.Dev), settings.Limit);
            var coding = new ParserCoding(source.Train, options.GetValue(corpus.MinimumCount));
            var sizes = new ParserSizes(
                coding.Words.Count, coding.Tags.Count, coding.Relations.Count, options.GetValue(embedding), options.GetValue(tag), options.GetValue(hidden),
                options.GetValue(mlp));
            return ParserTraining.Create(source.Read(coding.Encode), coding, sizes, options.GetValue(beam), settings);
        }
    }

    /// <exception cref="CommandException">While enumerating: a word has no head.</exception>
    internal static IEnumerable<ConlluWord[]> ReadWithHeads(string file)
    {
        int number = 0;
        foreach (ConlluWord[] sentence in Conllu.Read(file))
        {
            number++;
            int word = Array.FindIndex(sentence, word => word.Head is null);
            if (word >= 0)
                throw new CommandException(
                    $"{file}: sentence {number}, word {word + 1} ({sentence[word].Form}): column 7 (HEAD) is '_'; a parser learns from heads.");

            yield return sentence;
        }
    }
}
