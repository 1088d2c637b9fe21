using BlasNet.Cli.Training;
using BlasNet.Diagnostics;

namespace BlasNet.Cli.Output;

/// <summary>An epoch of <c>train … --json</c>; the loss is the mean of the examples'. What does not apply to a model is left out, and a number that is not
/// finite.</summary>
internal sealed record EpochLine(
    int Epoch, long Step, double Loss, double? LossPerPrediction, double? TestAccuracy, double? DevAccuracy, double? DevRootAccuracy, double? DevCorrelation,
    double? DevPerplexity,
    double? DevUas, double? DevLas,
    double? NoiseScale, double ExamplesPerSecond, double? WordsPerSecond, double Seconds, long GemmCalls, long GemvCalls)
{
    public static EpochLine Of(EpochResult result) => new(
        result.Epoch, result.Step, result.Loss, result.Words > 0 ? result.LossPerPrediction : null,
        result.Quality.TestAccuracy, result.Quality.DevAccuracy, result.Quality.DevRootAccuracy, Finite(result.Quality.DevCorrelation),
        result.Quality.DevPerplexity,
        result.Quality.DevUnlabelled, result.Quality.DevLabelled,
        Finite(result.NoiseScale), result.ExamplesPerSecond, result.Words > 0 ? result.WordsPerSecond : null, result.Time.TotalSeconds, result.GemmCalls,
        result.GemvCalls);

    // JSON has no others.
    private static double? Finite(double? number) => number is { } value && double.IsFinite(value) ? number : null;
}

/// <summary>The last line of <c>train … --resume --save FILE --json</c> where nothing was left to train.</summary>
internal sealed record SavedLine(bool Summary, string Model, int Epochs, long Steps, string Saved);

/// <summary>The last line of <c>train … --json</c>. Calls, seconds and rates are of training alone, without the tests.</summary>
internal sealed record TrainingSummaryLine(
    bool Summary, string Model, double Loss, double? LossPerPrediction, double? TestAccuracy, double? DevAccuracy, double? DevRootAccuracy,
    double? DevCorrelation, double? DevPerplexity,
    double? DevUas, double? DevLas,
    double? NoiseScale, double ExamplesPerSecond, double? WordsPerSecond, long GemmCalls, long GemvCalls, double Seconds,
    int Epochs, long Steps, int TrainExamples, int TestExamples, long Parameters, IReadOnlyList<int>? Hidden, IReadOnlyDictionary<string, int>? Sizes,
    string Optimizer, double LearningRate, int Batch, int ComputeBatch, long? Memory, int LargestPass, long PassBytes, double? Penalty, string Batching, string Gemm, int Threads, int Workers, int Seed,
    string? OpenblasCore, string? Saved)
{
    public static TrainingSummaryLine Of(string model, TrainingRun run, TrainingSettings settings, TrainingSummary summary)
    {
        EpochLine last = EpochLine.Of(summary.Last);
        return new(
            Summary: true, model, last.Loss, last.LossPerPrediction, last.TestAccuracy, last.DevAccuracy, last.DevRootAccuracy, last.DevCorrelation,
            last.DevPerplexity,
            last.DevUas, last.DevLas,
            last.NoiseScale, summary.ExamplesPerSecond, summary.Last.Words > 0 ? summary.WordsPerSecond : null, summary.GemmCalls, summary.GemvCalls, summary.Time.TotalSeconds,
            summary.Epochs, last.Step, run.TrainExamples, run.TestExamples, run.Model.Size, run.Hidden, run.Sizes,
            settings.Optimization.Optimizer.Name, settings.Optimization.Rate, settings.Batch, settings.Optimization.ComputeBatch, settings.Optimization.Memory,
            run.LargestPass, run.LastStep.PassBytes, run.LastStep.Penalty > 0 ? run.LastStep.Penalty : null,
            settings.Compute.Batching ? "on" : "off", settings.Gemm,
            settings.Compute.Threads, settings.Workers, settings.Seed, OpenBlas.Core, settings.Save);
    }
}
