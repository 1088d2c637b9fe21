using System.CommandLine;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Cli.Training;
using BlasNet.Datasets;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet train tagger</c> and <c>blasnet train tagger-char</c>.</summary>
internal static class TrainTaggerCommand
{
    private const string Data = "Tagged sentences: CoNLL-U, whose UPOS is the tag, or lines of word|TAG; plain or gzipped.";

    private const string Words = """
        Train a tagger, written for one sentence, whatever its length: a vector for each word, a bidirectional LSTM, a perceptron at each word.

        Words unknown or rare are all one; a tag that only the test has counts as missed. With --encoder the vectors of words are those of their first pieces
        by a pretrained encoder, and a linear layer at each word gives the tag.

        Examples:
          blasnet train tagger --data train.conllu.gz --dev dev.conllu.gz
          blasnet train tagger --data names.txt --epochs 10 --save names.safetensors
          blasnet train tagger --encoder all-MiniLM-L6-v2 --data train.conllu.gz --dev dev.conllu.gz --batch 32 --epochs 2 --save tagger
        """;

    private const string Characters = """
        Train a tagger that reads rare words, and words it has never seen, letter by letter: two levels of sequences, each of its own length.

        Examples:
          blasnet train tagger-char --data train.conllu.gz --dev dev.conllu.gz
        """;

    public static Command Create(CommandContext context, bool spell)
    {
        var common = new TrainingOptions(Data, epochs: 5);
        var corpus = new CorpusOptions();
        var encoder = new EncoderTrainingOptions();
        Option<int> embedding = CorpusOptions.Size("--embedding", "Length of a word's vector.", byDefault: 128);
        Option<int> hidden = CorpusOptions.Size("--hidden", "Length of each direction's state.", byDefault: 50);
        Option<int> mlp = CorpusOptions.Size("--mlp", "Length of the perceptron's hidden layer.", byDefault: 32);
        Option<int> rare = CliOptions.Integer("--rare", "Words seen at most so often in the training data are read letter by letter.", byDefault: 5, 0, 1 << 30);
        Option<int> character = CorpusOptions.Size("--char-embedding", "Length of a character's vector.", byDefault: 20);
        Option[] own = spell
            ? [corpus.Dev, rare, character, embedding, hidden, mlp]
            : [corpus.Dev, .. encoder.All, corpus.MinimumCount, embedding, hidden, mlp];
        Command command = TrainModelCommand.Create(
            context, spell ? "tagger-char" : "tagger", spell ? Characters : Words, common, own, NewTraining, encoder.Adjust);
        corpus.RequireData(command, common.Data, "sentences in CoNLL-U, or lines of word|TAG");
        command.Validators.Add(result => encoder.Validate(result, corpus.MinimumCount, embedding, hidden, mlp));
        if (spell)
        {
            command.Validators.Add(result =>
            {
                if (result.GivenValue(embedding) is var length && length % 2 != 0)
                    result.AddError($"--embedding {length}: must be even; each direction over the characters gives half of it.");
            });
        }

        return command;

        TrainingRun NewTraining(ParseResult options, TrainingSettings settings)
        {
            var source = Source<TaggedWord[]>.Of(TaggedFile.Read, options.GetValue(common.Data)!, options.GetValue(corpus.Dev), settings.Limit);
            if (options.GetValue(encoder.Encoder) is not null)
                return EncoderTraining.Tagger(encoder.Load(options, settings), source, loaded => encoder.GroupsOf(options, loaded), settings);

            var coding = new TaggerCoding(source.Train, spell ? options.GetValue(rare) + 1 : options.GetValue(corpus.MinimumCount), spell);
            Split<TaggedSentence> data = source.Read(coding.Encode);
            var sizes = new TaggerSizes(coding.Words.Count, coding.Tags.Count, options.GetValue(embedding), options.GetValue(hidden), options.GetValue(mlp));
            var named = new Dictionary<string, int>
            {
                ["words"] = sizes.Words,
                ["tags"] = sizes.Tags,
                ["embedding"] = sizes.Embedding,
                ["hidden"] = sizes.Hidden,
                ["mlp"] = sizes.Mlp,
            };
            if (!spell)
                return TaggerTraining.Create(data, coding, model => new Tagger(model, sizes), named, settings);

            (int characters, int characterEmbedding) = (coding.Characters.Count, options.GetValue(character));
            (named["characters"], named["char_embedding"]) = (characters, characterEmbedding);
            return TaggerTraining.Create(data, coding, model => new CharacterTagger(model, sizes, characters, characterEmbedding), named, settings);
        }
    }
}
