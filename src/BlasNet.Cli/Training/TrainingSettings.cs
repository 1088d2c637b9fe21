using BlasNet.Cli.CommandLine;
using BlasNet.Execution;
using BlasNet.Kernels;
using BlasNet.Training;

namespace BlasNet.Cli.Training;

/// <summary>How to train a model, whichever it is: what the options that all <c>train</c> commands have come to.</summary>
internal sealed record TrainingSettings
{
    /// <summary>How parameters follow from gradients.</summary>
    public Named<OptimizerChoice> Optimizer { get; init; } = OptimizerChoice.All[0];

    /// <summary>The size of a step; null for what suits the optimizer.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Examples of one optimizer step.</summary>
    public required int Batch { get; init; }

    /// <summary>Examples of one pass; 0 for all of an optimizer step.</summary>
    public int ComputeBatch { get; init; }

    public required int Epochs { get; init; }

    public int Seed { get; init; }

    public bool Batching { get; init; } = true;

    /// <summary>Who computes matrix products.</summary>
    public Named<GemmMode> Gemm { get; init; } = new("auto", GemmMode.Auto);

    /// <summary>For one matrix product.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>At most so many examples of the data; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>The file that receives the trained parameters, if any.</summary>
    public string? Save { get; init; }

    /// <summary>Whether a program reads the output.</summary>
    public bool Json { get; init; }

    public DurabilitySettings Durability { get; init; } = new();

    public double Rate => LearningRate ?? Optimizer.Value.LearningRate;

    /// <summary>For one training.</summary>
    public Optimizer NewOptimizer() => Optimizer.Value.Create(Rate);

    public EngineOptions NewPasses() => new() { Batching = Batching };
}

/// <summary>An optimizer and the learning rate that suits it.</summary>
internal sealed record OptimizerChoice(double LearningRate, Func<double, Optimizer> Create)
{
    /// <summary>The first is the default.</summary>
    public static Named<OptimizerChoice>[] All { get; } =
    [
        new("adam", new(1e-3, rate => new Adam(rate))),
        new("momentum", new(0.02, rate => new Sgd(rate, momentum: 0.9))),
        new("sgd", new(0.2, rate => new Sgd(rate))),
    ];
}
