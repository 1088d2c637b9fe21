using System.Globalization;
using BlasNet.Cli.Corpora;
using BlasNet.Cli.Models;
using BlasNet.Cli.Prediction;
using BlasNet.Datasets;
using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Cli.Training;

/// <summary>Trains a parser, and tests it after each epoch.</summary>
internal static class ParserTraining
{
    /// <param name="data">At least one sentence of each part.</param>
    /// <param name="coding">How it was made.</param>
    /// <param name="sizes">Of the parser.</param>
    /// <param name="beam">Width of the beam of the test; 1 for the best transition at each place.</param>
    /// <param name="settings">How to train.</param>
    public static TrainingRun Create(Split<ParsedSentence> data, ParserCoding coding, ParserSizes sizes, int beam, TrainingSettings settings)
    {
        Parser parser = Network.Create(settings, model => new Parser(model, sizes), out Model model);
        Evaluator<ParsedSentence, Parse> evaluator = NewEvaluator(model, parser, beam);
        evaluator.Workers = settings.Workers;
        var named = new Dictionary<string, int>
        {
            ["words"] = sizes.Words,
            ["tags"] = sizes.Tags,
            ["relations"] = sizes.Relations,
            ["embedding"] = sizes.Embedding,
            ["tag_embedding"] = sizes.TagEmbedding,
            ["hidden"] = sizes.Hidden,
            ["mlp"] = sizes.Mlp,
        };
        return new TrainingRun<ParsedSentence>(model, parser.Loss, data.Train, Test, settings, sentence => sentence.Length, sentence => 2 * sentence.Length)
        {
            TestExamples = data.Dev.Length,
            Sizes = named,
            Card = new ModelCard("parser", named)
            {
                Vocabularies = new Dictionary<string, Vocabulary> { ["words"] = coding.Words, ["tags"] = coding.Tags, ["relations"] = coding.Relations },
            },
            Description = data.Describe(
                "sentences", string.Create(CultureInfo.InvariantCulture, $"{coding.Words.Count:N0} words, {coding.Relations.Count} relations"), model.Size),
        };

        Quality Test(CancellationToken cancellation)
        {
            var score = new AttachmentScore();
            Parse[] parses = evaluator.Run(data.Dev, cancellation);
            for (int i = 0; i < parses.Length; i++)
                score.Add(data.Dev[i], parses[i]);

            return new Quality { DevUnlabelled = score.Unlabelled, DevLabelled = score.Labelled };
        }
    }

    /// <summary>What parses with a model, by two transitions a word.</summary>
    public static Evaluator<ParsedSentence, Parse> NewEvaluator(Model model, Parser parser, int beam)
    {
        Func<Graph, ParsedSentence, ExprTask<Parse>> parse = beam == 1 ? parser.Parse : (g, sentence) => parser.ParseByBeam(g, sentence, beam);
        return new Evaluator<ParsedSentence, Parse>(model, parse) { RoundLimit = int.MaxValue };
    }
}
