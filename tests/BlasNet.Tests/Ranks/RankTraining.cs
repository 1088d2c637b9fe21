using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Ranks;
using BlasNet.Stranger;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Ranks;

/// <summary>A recurrent network over sequences of words, of which each step touches a few: trained by workers of one process, or by ranks.</summary>
internal sealed class RankTraining : IDisposable
{
    public static readonly int[] Lengths = [.. Enumerable.Range(0, 61).Select(i => 1 + (i * 37 % 23))];

    private readonly Embedding _words;
    private readonly Lstm _lstm;

    public RankTraining(int workers, Communicator? ranks, string combination = "plain", Precision precision = Precision.Single, int seed = 1)
    {
        int parts = ranks is null ? workers : 1;   // a rank's compute batch is its own, that of workers is for all together
        Model = new Model(seed, precision);
        _words = new Embedding(Model, "words", 24, 500);
        _lstm = new Lstm(Model, "lstm", 24, 24);
        Parameter unused = Model.Weight("unused", 3, 3);
        Parameter often = Model.Bias("often", 24);
        Optimizer optimizer = combination == "own" ? new OwnMomentum(0.01, 0.9) : new Adam(0.01);
        optimizer.ClipNorm = combination is "norm" or "all" ? 0.5 : double.PositiveInfinity;
        optimizer.AverageFrom = combination is "average" or "own" or "all" ? 3 : null;
        Trainer = new Trainer<int>(Model, Loss, optimizer)
        {
            Workers = ranks is null ? workers : 1,
            Communicator = ranks,
            OptimizationBatch = 16,
            Weight = length => 1 + length % 3,
            Work = length => length,
            ComputeBatch = combination is "batch" or "passes" ? 3 * parts : 0,
            ClipExampleNorm = combination is "clip" or "all" ? 0.1 : double.PositiveInfinity,
            NoiseScale = combination is "noise" or "all" ? new GradientNoiseScale()
                : combination == "passes" ? new GradientNoiseScale(fromExamples: false) : null,
            Regularizer = combination is "penalty" or "all" ? g => Sum(Square(g.Use(often))) * 0.01 + Sum(Square(g.Use(unused))) * 0.1 : null,
        };
        if (combination is "groups" or "all")
            Trainer.Groups = [ParameterGroup.Frozen(Model["lstm.Uifou"]),
                new ParameterGroup(Model["words.E"], often) { LearningRateFactor = 0.5, WeightDecay = 0.1 }];
    }

    /// <summary>The loss of one sequence.</summary>
    public Expr Loss(Graph g, int length)
    {
        Seen?.Invoke(length);
        Expr last = _lstm.Run([.. Enumerable.Range(1, length).Select(i => _words.Of(g, i * length % 500))])[^1];
        Expr loss = Sum(Square((length % 5 == 0 ? last + g.Use(Model["often"]) : last) - g.Input(new float[24])));
        return IsBroken?.Invoke(length) == true ? loss / g.Input(0) : loss;
    }

    public Action<int>? Seen { get; set; }

    /// <summary>Which examples' losses are infinite.</summary>
    public Func<int, bool>? IsBroken { get; set; }

    public Model Model { get; }

    public Trainer<int> Trainer { get; }

    public double[] Values => [.. Model.Parameters.SelectMany(Model.ValuesOf)];

    /// <summary>Parameters, losses and whatever else a training gives.</summary>
    public (double[] Values, string Summary) TrainEpochs(int epochs)
    {
        List<double> losses = [];
        for (int epoch = 0; epoch < epochs; epoch++)
            losses.Add(Trainer.Epoch(Lengths));

        string all = string.Join(' ', losses.Select(loss => loss.ToString("R", null)));
        return (Values, $"{all} {Trainer.LastStep with { PassBytes = 0 }} {Trainer.NoiseScale?.Value:R} {Trainer.NoiseScale?.Variance:R}");
    }

    public void Dispose() => Model.Dispose();
}
