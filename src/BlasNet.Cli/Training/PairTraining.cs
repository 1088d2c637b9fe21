using System.Numerics.Tensors;
using BlasNet.Cli.Corpora;
using BlasNet.Graphs;
using BlasNet.Text;
using BlasNet.Training;

namespace BlasNet.Cli.Training;

/// <summary>Two texts and, perhaps, how much they say the same.</summary>
internal sealed record ScoredPair(string First, string Second, double? Score);

/// <summary>Trains an encoder with pairs of texts: to give their cosines the scores, or to tell each one's partner from the others'.</summary>
internal static class PairTraining
{
    /// <summary>Among how many texts a test looks for each one's partner.</summary>
    private const int Candidates = 1000;

    /// <param name="encoder">Is disposed with the training.</param>
    /// <param name="source">At least one pair of each part; all with scores, or none.</param>
    /// <param name="groups">What is not trained.</param>
    /// <param name="settings">How to train.</param>
    public static TrainingRun Create(TextEncoder encoder, Source<ScoredPair> source, IReadOnlyList<ParameterGroup> groups, TrainingSettings settings)
    {
        Split<ScoredPair> data = source.Read(pair => pair);
        var evaluator = new Evaluator<string>(encoder.Model, encoder.Vector, settings.Compute)
        {
            Workers = settings.Workers,
            Communicator = settings.Ranks,
        };
        string description = EncoderTraining.Describe(
            encoder, data.Train.Length, "pairs", data.Dev.Length, data.Train[0].Score is null ? "without scores" : "with scores");
        if (data.Train[0].Score is null)
        {
            // Negatives are of one example: the pairs of a step are one, whatever lay beside what in the file.
            var random = new RandomNumbers((ulong)settings.Seed, "pairs of a step");
            ScoredPair[][] steps = [.. data.Train.OrderBy(_ => random.NextUniform()).Chunk(settings.Batch)];
            return new TrainingRun<ScoredPair[]>(encoder.Model, Ranking, steps, TestPartners, settings with { Batch = 1 }, groups: groups)
            {
                TestExamples = data.Dev.Length,
                SaveFolder = encoder.Save,
                Description = description,
            };
        }

        return new TrainingRun<ScoredPair>(encoder.Model, Error, data.Train, TestScores, settings, groups: groups)
        {
            TestExamples = data.Dev.Length,
            SaveFolder = encoder.Save,
            Description = description,
        };

        Expr Ranking(Graph graph, ScoredPair[] pairs) => TextLosses.MultipleNegatives(
            [.. pairs.Select(pair => encoder.Vector(graph, pair.First))], [.. pairs.Select(pair => encoder.Vector(graph, pair.Second))]);

        Expr Error(Graph graph, ScoredPair pair) =>
            TextLosses.CosineError(encoder.Vector(graph, pair.First), encoder.Vector(graph, pair.Second), pair.Score!.Value);

        Quality TestScores(CancellationToken cancellation)
        {
            float[][] vectors = Vectors(data.Dev, cancellation);
            double[] cosines = [.. data.Dev.Select((_, i) => (double)TensorPrimitives.CosineSimilarity<float>(vectors[2 * i], vectors[2 * i + 1]))];
            return new Quality { DevCorrelation = RankCorrelation.Of(cosines, [.. data.Dev.Select(pair => pair.Score!.Value)]) };
        }

        Quality TestPartners(CancellationToken cancellation)
        {
            var accuracy = new Accuracy();
            foreach (ScoredPair[] pairs in data.Dev.Chunk(Candidates))
            {
                float[][] vectors = Vectors(pairs, cancellation);
                for (int i = 0; i < pairs.Length; i++)
                    accuracy.Add(i, [.. pairs.Select((_, j) => TensorPrimitives.CosineSimilarity<float>(vectors[2 * i], vectors[2 * j + 1]))]);
            }

            return new Quality { DevAccuracy = accuracy.Value };
        }

        float[][] Vectors(ScoredPair[] pairs, CancellationToken cancellation)
        {
            var vectors = new float[2 * pairs.Length][];
            evaluator.Run([.. pairs.SelectMany(pair => (string[])[pair.First, pair.Second])], (i, value) => vectors[i] = value.ToArray(), cancellation);
            return vectors;
        }
    }
}
