using BlasNet.Cli.CommandLine;
using BlasNet.Graphs;
using BlasNet.Ranks;
using BlasNet.Training;

namespace BlasNet.Cli.Training;

/// <summary>How to train a model, whichever it is: what the options that all <c>train</c> commands have come to.</summary>
internal sealed record TrainingSettings
{
    public OptimizationSettings Optimization { get; init; } = new();

    /// <summary>Examples of one optimizer step.</summary>
    public required int Batch { get; init; }

    public required int Epochs { get; init; }

    public int Seed { get; init; }

    /// <summary>How steps and tests are computed.</summary>
    public ComputeOptions Compute { get; init; } = new() { Threads = 1 };

    /// <summary>Who computes matrix products, as it is called.</summary>
    public string Gemm { get; init; } = "auto";

    /// <summary>Threads that compute a step, each a part of its examples.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>The processes that compute a step, each a part of its examples; null for this one alone.</summary>
    public Communicator? Ranks { get; init; }

    /// <summary>Whether this process prints and writes files.</summary>
    public bool IsRoot => Ranks is null or { Rank: 0 };

    /// <summary>At most so many examples of the data; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>The file that receives the trained parameters, if any.</summary>
    public string? Save { get; init; }

    /// <summary>Whether that is a folder, of a pretrained encoder's layout.</summary>
    public bool SavesFolder { get; init; }

    /// <summary>Whether a program reads the output.</summary>
    public bool Json { get; init; }

    public DurabilitySettings Durability { get; init; } = new();

    /// <summary>What tests a model that is trained by these settings: with the same options, workers, ranks and memory.</summary>
    /// <param name="model">The model.</param>
    /// <param name="values">Builds what is tested of one example.</param>
    public Evaluator<TExample> NewEvaluator<TExample>(Model model, Func<Graph, TExample, Expr> values) =>
        new(model, values, Compute) { Workers = Workers, Communicator = Ranks, MemoryBudget = Optimization.Memory ?? 0 };

    /// <exception cref="CommandException">The gradient's noise is asked for, and no step can tell it.</exception>
    public void RequireTellingNoise()
    {
        bool isOnePass = Workers == 1 && Ranks is null or { Size: 1 } && Optimization.Memory is null
            && (Optimization.ComputeBatch == 0 || Optimization.ComputeBatch >= Batch);
        if (Optimization.NoiseFromExamples is not null && Batch == 1)
            throw new CommandException("--noise-scale: a step of one example tells no noise; set --batch above 1.");

        if (Optimization.NoiseFromExamples == false && isOnePass)
            throw new CommandException($"--noise-scale passes: a step would have one pass, and several are compared; set --compute-batch below --batch, which is {Batch}, or choose --noise-scale examples.");
    }
}
