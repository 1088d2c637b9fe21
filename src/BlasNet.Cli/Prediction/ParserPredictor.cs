using System.Text;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Commands;
using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Cli.Training;
using BlasNet.Datasets;
using BlasNet.Serving;
using BlasNet.Training;

namespace BlasNet.Cli.Prediction;

/// <summary>Parses sentences: CoNLL-U in, the same with HEAD and DEPREL out, or a JSON object for each sentence.</summary>
internal sealed class ParserPredictor : Predictor
{
    private const int Sentences = 256;   // read before they are parsed together
    private const int Head = 6, Relation = 7;

    private readonly ParserCoding _coding;
    private readonly Evaluator<ParsedSentence, Parse> _parser;

    public ParserPredictor(ModelCard card)
        : base(model: null)
    {
        _coding = new ParserCoding(card.VocabularyOf("words"), card.VocabularyOf("tags"), card.VocabularyOf("relations"));
        var sizes = new ParserSizes(
            _coding.Words.Count, _coding.Tags.Count, _coding.Relations.Count, card.SizeOf("embedding"), card.SizeOf("tag_embedding"), card.SizeOf("hidden"),
            card.SizeOf("mlp"));
        _parser = ParserTraining.NewEvaluator(Model, new Parser(Model, sizes), beam: 1);
    }

    public override void Predict(IEnumerable<string> lines, string source, TextWriter output, bool json, CancellationToken cancellation)
    {
        foreach (Block[] blocks in BlocksOf(lines, source).Chunk(Sentences))
        {
            Parse[] parses = _parser.Run(Array.ConvertAll(blocks, block => _coding.Encode(block.Words)), cancellation);
            for (int i = 0; i < blocks.Length; i++)
            {
                if (json)
                    output.WriteLine(ToJson(blocks[i].Words, parses[i]));
                else
                    Write(output, blocks[i], parses[i]);
            }
        }

        output.Flush();
    }

    public override IReadOnlyList<KeyValuePair<string, double>> Evaluate(string data, CancellationToken cancellation)
    {
        var score = new AttachmentScore();
        int sentences = 0;
        foreach (ConlluWord[][] chunk in TrainParserCommand.ReadWithHeads(data).Chunk(Sentences))
        {
            ParsedSentence[] right = Array.ConvertAll(chunk, _coding.Encode);
            Parse[] found = _parser.Run(right, cancellation);
            for (int i = 0; i < right.Length; i++)
                score.Add(right[i], found[i]);

            sentences += right.Length;
        }

        return [new("examples", sentences), new("las", score.Labelled), new("uas", score.Unlabelled)];
    }

    public override string Sample => """{"words": ["It", "works", "."], "tags": ["PRON", "VERB", "PUNCT"]}""";

    public override BatchModel<string, string> ToBatchModel() => new ServedPredictor<ConlluWord[]>(this, ReadJson, (sentences, answer) =>
    {
        Parse[] parses = _parser.Run([.. sentences.Select(_coding.Encode)]);
        for (int i = 0; i < parses.Length; i++)
            answer(i, ToJson(sentences[i], parses[i]));
    });

    private static ConlluWord[] ReadJson(string text)
    {
        JsonLine line = JsonLine.Of(text);
        string[] words = line.Texts("words"), tags = line.Texts("tags");
        return words.Length > 0 && words.Length == tags.Length
            ? [.. words.Zip(tags, (word, tag) => new ConlluWord(word, "_", tag, "_", Head: null, "_"))]
            : throw new CommandException("needs one word at least in 'words', and as many parts of speech in 'tags'");
    }

    // The lines of a sentence and its words.
    private sealed record Block(List<string> Lines, ConlluWord[] Words);

    private static IEnumerable<Block> BlocksOf(IEnumerable<string> lines, string source)
    {
        List<string> block = [];
        long number = 0, start = 1;
        foreach (string line in lines.Append(""))
        {
            number++;
            if (block.Count == 0 && line.AsSpan().TrimStart().StartsWith('{'))
            {
                yield return BlockOf(line, $"{source}:{number}");
                start = number + 1;
            }
            else if (line.Length > 0)
            {
                block.Add(line);
            }
            else
            {
                if (block.Exists(IsWord))
                    yield return new Block(block, Read(block, $"{source}, from line {start}"));

                (block, start) = ([], number + 1);
            }
        }
    }

    // An object of words and tags, as the lines that say the same.
    private static Block BlockOf(string line, string place)
    {
        try
        {
            ConlluWord[] words = ReadJson(line);
            if (words.Any(word => (word.Form + word.Upos).Any(char.IsControl)))
                throw new CommandException("has a tab, or another control character, in 'words' or 'tags'");

            return new Block([.. words.Select((word, i) => $"{i + 1}\t{word.Form}\t_\t{word.Upos}\t_\t_\t_\t_\t_\t_")], words);
        }
        catch (CommandException e)
        {
            throw new CommandException($"{place}: {e.Message}");
        }
    }

    private static ConlluWord[] Read(List<string> block, string name)
    {
        try
        {
            using var data = new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', block)));
            return Conllu.Read(name, data).Single();
        }
        catch (DataFormatException e)
        {
            throw new CommandException(e.Message);
        }
    }

    private static bool IsWord(string line) => line[0] != '#';

    private void Write(TextWriter output, Block block, Parse parse)
    {
        int word = 0;
        foreach (string line in block.Lines)
        {
            string[] columns = line.Split('\t');
            if (IsWord(line) && int.TryParse(columns[0], out _))
            {
                word++;
                columns[Head] = $"{HeadOf(block.Words, parse, word)}";
                columns[Relation] = _coding.Relations.WordAt(parse.Relations[word]);
            }

            output.WriteLine(string.Join('\t', columns));
        }

        output.WriteLine();
    }

    private string ToJson(ConlluWord[] words, Parse parse) => JsonLine.Write(json =>
    {
        json.WriteTexts("words", words.Select(word => word.Form));
        json.WriteStartArray("heads");
        for (int word = 1; word <= words.Length; word++)
            json.WriteNumberValue(HeadOf(words, parse, word));

        json.WriteEndArray();
        json.WriteTexts("relations", words.Select((_, i) => _coding.Relations.WordAt(parse.Relations[i + 1])));
    });

    // 0 for the root, as the format says it.
    private static int HeadOf(ConlluWord[] words, Parse parse, int word) => parse.Heads[word] > words.Length ? 0 : parse.Heads[word];
}
