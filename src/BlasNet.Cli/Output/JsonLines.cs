using System.Text.Json.Serialization;
using BlasNet.Diagnostics;

namespace BlasNet.Cli.Output;

/// <summary>A point of <c>bench gemm --json</c>: GFLOP/s of the product of <c>batch</c> rows with weights h × h; without OpenBLAS two of them are missing.</summary>
internal sealed record GemmLine(int H, int Batch, int Threads, double? Gemv, double? Openblas, double Packed, double Chosen);

/// <summary>The last line of <c>bench gemm --json</c>.</summary>
internal sealed record GemmSummaryLine(double PeakGflops, IReadOnlyList<GemmPeakLine> Peaks, string? OpenblasCore);

/// <summary>The packed product's peak with so many threads.</summary>
internal sealed record GemmPeakLine(int Threads, double PeakGflops);

/// <summary>A pair of batches of <c>experiment batch-size --format json</c>: what it took to reach the target; without these numbers it was not reached.</summary>
internal sealed record BatchSizeLine(
    int OptimizationBatch, int ComputeBatch, double LearningRate, double? Steps, double? Examples, double? Seconds, double StepsDifference);

/// <summary>Its last line.</summary>
internal sealed record BatchSizeSummaryLine(double Target, double? CriticalBatch, int NoiseBatch, double? NoiseScale, double StepsDifference, string Page);

/// <summary>A text of <c>embed</c> and its vector.</summary>
internal sealed record VectorLine(string Text, float[] Vector);

/// <summary>A text of <c>search --json</c>: the query it is near to, from 1, where there are several, its line, from 1, and how near it is.</summary>
internal sealed record NearestLine(long? Query, long Line, float Cosine, string? Text);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EpochLine))]
[JsonSerializable(typeof(TrainingSummaryLine))]
[JsonSerializable(typeof(SavedLine))]
[JsonSerializable(typeof(WorkloadLine))]
[JsonSerializable(typeof(GemmLine))]
[JsonSerializable(typeof(GemmSummaryLine))]
[JsonSerializable(typeof(BatchSizeLine))]
[JsonSerializable(typeof(BatchSizeSummaryLine))]
[JsonSerializable(typeof(PlanLine))]
[JsonSerializable(typeof(PlanSummaryLine))]
[JsonSerializable(typeof(VectorLine))]
[JsonSerializable(typeof(NearestLine))]
[JsonSerializable(typeof(EncoderLine))]
[JsonSerializable(typeof(WayLine))]
[JsonSerializable(typeof(Report))]
internal sealed partial class JsonLines : JsonSerializerContext;
