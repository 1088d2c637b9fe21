using System.Text.Json.Serialization;

namespace BlasNet.Cli.Output;

/// <summary>An epoch of <c>train digits --json</c>.</summary>
internal sealed record EpochLine(
    int Epoch, long Step, double Loss, double TestAccuracy, double ExamplesPerSecond, double Seconds, long GemmCalls, long GemvCalls);

/// <summary>The last line of <c>train digits --json</c>. Calls, seconds and examples per second are of training alone, without the tests.</summary>
internal sealed record TrainingSummaryLine(
    bool Summary, double TestAccuracy, double Loss, double ExamplesPerSecond, long GemmCalls, long GemvCalls, double Seconds,
    int Epochs, long Steps, int TrainExamples, int TestExamples, long Parameters, IReadOnlyList<int> Hidden,
    string Optimizer, double LearningRate, int Batch, int ComputeBatch, string Batching, string Gemm, int Threads, int Seed,
    string? OpenblasCore);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EpochLine))]
[JsonSerializable(typeof(TrainingSummaryLine))]
internal sealed partial class JsonLines : JsonSerializerContext;
