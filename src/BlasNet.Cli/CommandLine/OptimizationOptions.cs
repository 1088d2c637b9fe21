using System.CommandLine;
using BlasNet.Cli.Training;

namespace BlasNet.Cli.CommandLine;

/// <summary>The options that say what is minimised, how a step follows from gradients, and how much memory its passes may take.</summary>
internal sealed class OptimizationOptions
{
    private const int MaximumCount = 1_000_000;

    private readonly Option<Named<OptimizerChoice>> _optimizer = CliOptions.Choice(
        "--optimizer", "How parameters follow from gradients; momentum is 0.9.", OptimizerChoice.All);

    private readonly Option<double?> _learningRate = CliOptions.PositiveNumber("--learning-rate", $"The size of a step. [default: {OptimizerChoice.LearningRates}]");

    private readonly Option<Named<ScheduleChoice>> _schedule = CliOptions.Choice(
        "--schedule", "How the learning rate falls until the last epoch: not at all; to a tenth after each third of the steps; as a cosine or a line to 0.", ScheduleChoice.All);

    private readonly Option<int?> _warmUp = CliOptions.OptionalInteger("--warm-up", "Let the learning rate rise from 0 over the first N steps, before the schedule.", 1, MaximumCount);
    private readonly Option<double?> _weightDecay = CliOptions.PositiveNumber("--weight-decay", "Decoupled: a step also subtracts X times the learning rate of every parameter it updates. [default: adamw 0.01]");
    private readonly Option<double?> _l1 = CliOptions.PositiveNumber("--l1", "Add X times the sum of the weights' absolute values to the loss.");
    private readonly Option<double?> _l2 = CliOptions.PositiveNumber("--l2", "Add X/2 times the sum of the weights' squares to the loss.");
    private readonly Option<double?> _clipNorm = CliOptions.PositiveNumber("--clip-norm", "Scale the gradient down to this Euclidean norm where it is longer.");
    private readonly Option<double?> _clipValue = CliOptions.PositiveNumber("--clip-value", "Clip every element of the gradient to this absolute value.");
    private readonly Option<double?> _clipExampleNorm = CliOptions.PositiveNumber(
        "--clip-example-norm", "Scale each example's gradient down to this Euclidean norm where it is longer, before they are averaged.");

    private readonly Option<int?> _average = CliOptions.OptionalInteger(
        "--average", "Test and save the average of the parameters over all steps from step N on, instead of the last ones.", 1, int.MaxValue);

    private readonly Option<int> _computeBatch = CliOptions.CountOrAuto(
        "--compute-batch", "Examples computed in one pass: a matter of hardware and memory, not of results. auto: all of an optimizer step, or what --memory allows.", MaximumCount);

    private readonly Option<long?> _memory = CliOptions.Bytes(
        "--memory", "What passes may take, those of all workers together, as 64MB: values, gradients and packed weights, without parameters and optimizer. Passes are filled up to it.");

    private readonly Option<Named<bool?>> _noise = CliOptions.Choice(
        "--noise-scale", "Show after each epoch from which batch on a larger one gains little: by the gradient of every example, which is exact for the step and costs some time; or by a step's first pass against all, "
        + "which costs little and tells little.", new Named<bool?>("off", null), new("examples", true), new("passes", false));

    public IEnumerable<Option> Steps => [_optimizer, _learningRate, _schedule, _warmUp, _weightDecay, _l1, _l2, _clipNorm, _clipValue, _clipExampleNorm, _average, _noise];

    public IEnumerable<Option> Passes => [_computeBatch, _memory];

    public OptimizationSettings SettingsOf(ParseResult options) => new()
    {
        Optimizer = options.GetRequiredValue(_optimizer),
        LearningRate = options.GetValue(_learningRate),
        Schedule = options.GetRequiredValue(_schedule).Value,
        WarmUp = options.GetValue(_warmUp) ?? 0,
        WeightDecay = options.GetValue(_weightDecay),
        L1 = options.GetValue(_l1),
        L2 = options.GetValue(_l2),
        ClipNorm = options.GetValue(_clipNorm),
        ClipValue = options.GetValue(_clipValue),
        ClipExampleNorm = options.GetValue(_clipExampleNorm),
        NoiseFromExamples = options.GetRequiredValue(_noise).Value,
        AverageFrom = options.GetValue(_average),
        ComputeBatch = options.GetValue(_computeBatch),
        Memory = options.GetValue(_memory),
    };
}
