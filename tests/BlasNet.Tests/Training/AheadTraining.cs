using System.Collections;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>A recurrent network with dropout over sequences of some length, and what its loss function sees.</summary>
internal sealed class AheadTraining : IDisposable
{
    /// <summary>Of an epoch.</summary>
    public const int Examples = 70;

    private readonly Model _model = new(1);
    private readonly List _data;

    public AheadTraining(bool isAhead, string combination = "plain", bool awaits = false)
    {
        var words = new Embedding(_model, "words", 64, 50);
        var lstm = new Lstm(_model, "lstm", 64, 128);
        Words = _model["words.E"];
        int caller = Environment.CurrentManagedThreadId;
        ComputeOptions options = combination switch
        {
            "no plans kept" => new ComputeOptions { CachedPlans = 0, Verify = true },
            "as written" => ComputeOptions.AsWritten,
            _ => new ComputeOptions(),
        };
        options = options with { AwaitPreparation = awaits };
        Trainer = new Trainer<int>(_model, Loss, new Adam(0.01), options)
        {
            OptimizationBatch = 16,
            PrepareAhead = isAhead,
            ComputeBatch = combination == "passes" ? 5 : 0,
            ClipExampleNorm = combination == "clip" ? 1 : double.PositiveInfinity,
            NoiseScale = combination == "noise" ? new GradientNoiseScale() : null,
            MemoryBudget = combination switch { "budget" => 16 << 20, "tight budget" => 6 << 20, _ => 0 },
        };
        if (combination == "weights and regulariser")
            (Trainer.Weight, Trainer.Regularizer) = (example => 1 + example % 3, g => Sum(Square(g.Use(Words))) * 0.01);

        _data = new List(this);

        Expr Loss(Graph g, int example)
        {
            Seen.Add((Trainer!.StepCount, example));
            SeenElsewhere += Environment.CurrentManagedThreadId == caller ? 0 : 1;
            AtLoss?.Invoke();
            if (example == Bad && Kind == "loss")
                throw new FormatException($"Example {example} is bad.");

            int length = example == Bad && Kind == "budget" ? 1500 : 1 + example * 37 % 23;
            Expr state = Dropout(lstm.Run([.. Enumerable.Range(1, length).Select(i => words.Of(g, i * length % 50))])[^1], 0.2);
            if (example == Bad && Kind == "shape")
                return state;

            return Sum(Square(state - g.Input(new float[128]))) * (example == Bad && Kind == "not finite" ? double.NaN : 1);
        }
    }

    public Trainer<int> Trainer { get; }

    public Parameter Words { get; }

    public List<(long Step, int Example)> Seen { get; } = [];

    /// <summary>How often another thread than the caller's has called the loss function.</summary>
    public int SeenElsewhere { get; private set; }

    public Action? AtLoss { get; set; }

    /// <summary>The example that something is wrong with, and what.</summary>
    public int Bad { get; set; } = -1;

    public string? Kind { get; set; }

    public TrainingStep LastStep => Trainer.LastStep with { PassBytes = 0 };   // of the memory that threads have had use for so far

    public double[] Values => [.. _model.Parameters.SelectMany(_model.ValuesOf)];

    public double Epoch(IProgress<TrainingProgress>? progress = null, CancellationToken? cancellation = null) =>
        Trainer.Epoch(_data, progress, cancellation ?? TestContext.Current.CancellationToken);

    public void Dispose() => _model.Dispose();

    private sealed class List(AheadTraining training) : IReadOnlyList<int>
    {
        public int Count => Examples;

        public int this[int index] => index == training.Bad && training.Kind == "list" ? throw new FormatException($"Example {index} cannot be read.") : index;

        public IEnumerator<int> GetEnumerator() => Enumerable.Range(0, Examples).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
