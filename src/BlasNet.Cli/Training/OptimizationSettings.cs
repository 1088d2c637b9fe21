using BlasNet.Cli.CommandLine;
using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Cli.Training;

/// <summary>What is minimised, how a step follows from gradients, and how much memory its passes may take; null for what is not asked for.</summary>
internal sealed record OptimizationSettings
{
    /// <summary>How parameters follow from gradients.</summary>
    public Named<OptimizerChoice> Optimizer { get; init; } = OptimizerChoice.All[0];

    /// <summary>The size of a step; null for what suits the optimizer.</summary>
    public double? LearningRate { get; init; }

    public ScheduleChoice Schedule { get; init; } = ScheduleChoice.All[0].Value;

    /// <summary>Steps over which the learning rate rises, before the schedule.</summary>
    public int WarmUp { get; init; }

    public double? WeightDecay { get; init; }

    public double? L1 { get; init; }

    public double? L2 { get; init; }

    public double? ClipNorm { get; init; }

    public double? ClipValue { get; init; }

    /// <summary>The longest that one example's gradient may be.</summary>
    public double? ClipExampleNorm { get; init; }

    /// <summary>Whether the gradient's noise is measured by examples, or else by passes; null for not at all.</summary>
    public bool? NoiseFromExamples { get; init; }

    /// <summary>The first step of those whose parameters are averaged.</summary>
    public int? AverageFrom { get; init; }

    /// <summary>Examples of one pass; 0 for all of an optimizer step, or what the memory allows.</summary>
    public int ComputeBatch { get; init; }

    /// <summary>What passes may take, in bytes.</summary>
    public long? Memory { get; init; }

    public double Rate => LearningRate ?? Optimizer.Value.LearningRate;

    /// <summary>For one training.</summary>
    /// <param name="steps">That it has.</param>
    public Optimizer NewOptimizer(long steps)
    {
        Optimizer optimizer = Optimizer.Value.Create(Rate);
        optimizer.WeightDecay = WeightDecay ?? optimizer.WeightDecay;
        optimizer.ClipNorm = ClipNorm ?? optimizer.ClipNorm;
        optimizer.ClipValue = ClipValue ?? optimizer.ClipValue;
        optimizer.AverageFrom = AverageFrom;
        Schedule schedule = Schedule.Create(Math.Max(1, steps - WarmUp));
        optimizer.Schedule = WarmUp == 0 ? schedule : BlasNet.Training.Schedule.WarmUp(WarmUp).Then(WarmUp, schedule);
        return optimizer;
    }

    /// <summary>Over all weights, biases not included.</summary>
    public Func<Graph, Expr>? RegularizerOf(Model model)
    {
        Parameter[] weights = [.. model.Parameters.Where(parameter => parameter.IsWeight)];
        Func<Graph, Expr>? l1 = L1 is { } x1 ? Regularizer.L1(x1, weights) : null, l2 = L2 is { } x2 ? Regularizer.L2(x2, weights) : null;
        return l1 is null ? l2 : l2 is null ? l1 : graph => l1(graph) + l2(graph);
    }
}

/// <summary>An optimizer and the learning rate that suits it.</summary>
internal sealed record OptimizerChoice(double LearningRate, Func<double, Optimizer> Create)
{
    /// <summary>The first is the default.</summary>
    public static Named<OptimizerChoice>[] All { get; } =
    [
        new("adam", new(1e-3, rate => new Adam(rate))),
        new("adamw", new(1e-3, rate => new AdamW(rate))),
        new("momentum", new(0.02, rate => new Sgd(rate, momentum: 0.9))),
        new("nesterov", new(0.02, rate => new Sgd(rate, momentum: 0.9, nesterov: true))),
        new("sgd", new(0.2, rate => new Sgd(rate))),
        new("adagrad", new(0.02, rate => new Adagrad(rate))),
        new("rmsprop", new(1e-3, rate => new RmsProp(rate))),
        new("lion", new(1e-3, rate => new Lion(rate))),
    ];

    public static string LearningRates => string.Join(", ", All.Select(choice => FormattableString.Invariant($"{choice.Name} {choice.Value.LearningRate:0.####}")));
}

/// <summary>A schedule that knows how many steps there are.</summary>
internal sealed record ScheduleChoice(Func<long, Schedule> Create)
{
    /// <summary>The first is the default.</summary>
    public static Named<ScheduleChoice>[] All { get; } =
    [
        new("constant", new(_ => Schedule.Constant)),
        new("step", new(steps => Schedule.Step((steps + 2) / 3, 0.1))),
        new("cosine", new(steps => Schedule.Cosine(steps))),
        new("linear", new(steps => Schedule.Linear(steps))),
    ];
}
