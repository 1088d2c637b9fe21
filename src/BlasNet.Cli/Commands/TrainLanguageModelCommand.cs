using System.CommandLine;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Cli.Training;
using BlasNet.Datasets;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet train lm</c>.</summary>
internal static class TrainLanguageModelCommand
{
    private const string Data = "Text, one sentence a line, its words separated by white space; or CoNLL-U; plain or gzipped.";

    private const string Description = """
        Train a language model, written for one sentence, that predicts each word from those before: an LSTM, and a softmax over all words.

        Words beyond the vocabulary are all <unk>, which is predicted like any other. Losses, perplexities and words/s count the end of a sentence as a word.

        Examples:
          blasnet train lm --data train.txt --dev valid.txt
          blasnet train lm --data train.txt --vocabulary 2000 --limit 5000
        """;

    public static Command Create(CommandContext context)
    {
        var common = new TrainingOptions(Data, epochs: 5);
        var corpus = new CorpusOptions();
        Option<int> vocabulary = CliOptions.Integer(
            "--vocabulary", "At most so many different words, the most frequent ones; <unk> and the mark between sentences are two of them.", byDefault: 10_000, 3, 1 << 24);
        Option<int> embedding = CorpusOptions.Size("--embedding", "Length of a word's vector.", byDefault: 128);
        Option<int> hidden = CorpusOptions.Size("--hidden", "Length of the state.", byDefault: 256);
        Command command = TrainModelCommand.Create(context, "lm", Description, common, [corpus.Dev, vocabulary, embedding, hidden], NewTraining);
        corpus.RequireData(command, common.Data, "sentences, one a line, or in CoNLL-U");
        return command;

        TrainingRun NewTraining(ParseResult options, TrainingSettings settings)
        {
            var source = Source<string[]>.Of(SentenceFile.Read, options.GetValue(common.Data)!, options.GetValue(corpus.Dev), settings.Limit);
            Vocabulary words = Vocabulary.Build(source.Train.SelectMany(sentence => sentence), maximumSize: options.GetValue(vocabulary) - 1);
            var sizes = new LanguageModelSizes(words.Count + 1, options.GetValue(embedding), options.GetValue(hidden));
            var named = new Dictionary<string, int> { ["words"] = sizes.Words, ["embedding"] = sizes.Embedding, ["hidden"] = sizes.Hidden };
            return LanguageModelTraining.Create(source.Read(sentence => words.Encode(sentence)), words, model =>
                new LanguageModel(model, sizes), named, settings);
        }
    }
}
