using System.Numerics.Tensors;
using BlasNet.Cli.Corpora;
using BlasNet.Graphs;
using BlasNet.Text;
using BlasNet.Training;

namespace BlasNet.Cli.Training;

/// <summary>Two texts and, perhaps, how much they say the same.</summary>
internal sealed record ScoredPair(string First, string Second, double? Score);

/// <summary>Trains an encoder with pairs of texts: to give their cosines the scores, or to tell each one's partner from the others'.</summary>
internal sealed class PairTraining
{
    /// <summary>Among how many texts a test looks for each one's partner.</summary>
    private const int Candidates = 1000;

    private readonly TextEncoder _encoder;
    private readonly Split<ScoredPair> _data;
    private readonly Evaluator<string> _evaluator;

    private PairTraining(TextEncoder encoder, Split<ScoredPair> data, TrainingSettings settings) =>
        (_encoder, _data, _evaluator) = (encoder, data, settings.NewEvaluator<string>(encoder.Model, encoder.Vector));

    /// <param name="encoder">Is disposed with the training.</param>
    /// <param name="source">At least one pair of each part; all with scores, or none.</param>
    /// <param name="groups">What is not trained.</param>
    /// <param name="settings">How to train.</param>
    public static TrainingRun Create(TextEncoder encoder, Source<ScoredPair> source, IReadOnlyList<ParameterGroup> groups, TrainingSettings settings)
    {
        Split<ScoredPair> data = source.Read(pair => pair);
        var training = new PairTraining(encoder, data, settings);
        if (data.Train[0].Score is not null)
            return training.Run(data.Train, training.Error, training.TestScores, settings, groups, "with scores");

        // Negatives are of one example: the pairs of a step are one, whatever lay beside what in the file.
        var random = new RandomNumbers((ulong)settings.Seed, "pairs of a step");
        ScoredPair[][] steps = [.. data.Train.OrderBy(_ => random.NextUniform()).Chunk(settings.Batch)];
        return training.Run(steps, training.Ranking, training.TestPartners, settings with { Batch = 1 }, groups, "without scores");
    }

    private TrainingRun<TExample> Run<TExample>(
        TExample[] examples, Func<Graph, TExample, Expr> loss, Func<CancellationToken, Quality> test, TrainingSettings settings,
        IReadOnlyList<ParameterGroup> groups, string kind)
    {
        return new TrainingRun<TExample>(_encoder.Model, loss, examples, test, settings, groups: groups)
        {
            TestExamples = _data.Dev.Length,
            SaveFolder = _encoder.Save,
            Description = EncoderTraining.Describe(_encoder, _data.Train.Length, "pairs", _data.Dev.Length, kind),
        };
    }

    private Expr Ranking(Graph graph, ScoredPair[] pairs) => TextLosses.MultipleNegatives(
        [.. pairs.Select(pair => _encoder.Vector(graph, pair.First))], [.. pairs.Select(pair => _encoder.Vector(graph, pair.Second))]);

    private Expr Error(Graph graph, ScoredPair pair) =>
        TextLosses.CosineError(_encoder.Vector(graph, pair.First), _encoder.Vector(graph, pair.Second), pair.Score!.Value);

    private Quality TestScores(CancellationToken cancellation)
    {
        float[][] vectors = Vectors(_data.Dev, cancellation);
        double[] cosines = [.. _data.Dev.Select((_, i) => (double)TensorPrimitives.CosineSimilarity<float>(vectors[2 * i], vectors[2 * i + 1]))];
        return new Quality { DevCorrelation = RankCorrelation.Of(cosines, [.. _data.Dev.Select(pair => pair.Score!.Value)]) };
    }

    private Quality TestPartners(CancellationToken cancellation)
    {
        var accuracy = new Accuracy();
        foreach (ScoredPair[] pairs in _data.Dev.Chunk(Candidates))
        {
            float[][] vectors = Vectors(pairs, cancellation);
            for (int i = 0; i < pairs.Length; i++)
                accuracy.Add(i, [.. pairs.Select((_, j) => TensorPrimitives.CosineSimilarity<float>(vectors[2 * i], vectors[2 * j + 1]))]);
        }

        return new Quality { DevAccuracy = accuracy.Value };
    }

    private float[][] Vectors(ScoredPair[] pairs, CancellationToken cancellation)
    {
        var vectors = new float[2 * pairs.Length][];
        _evaluator.Run([.. pairs.SelectMany(pair => (string[])[pair.First, pair.Second])], (i, value) => vectors[i] = value.ToArray(), cancellation);
        return vectors;
    }
}
