using System.Globalization;
using BlasNet.Cli.Recognition;

namespace BlasNet.Cli.Output;

/// <summary>What a training came to, over all its epochs.</summary>
internal sealed class TrainingSummary(IReadOnlyList<EpochResult> epochs)
{
    public EpochResult Last => epochs[^1];

    public TimeSpan Time { get; } = TimeSpan.FromTicks(epochs.Sum(epoch => epoch.Time.Ticks));

    public long GemmCalls { get; } = epochs.Sum(epoch => epoch.GemmCalls);

    public long GemvCalls { get; } = epochs.Sum(epoch => epoch.GemvCalls);

    public double ExamplesPerSecond => epochs.Sum(epoch => epoch.Examples) / Time.TotalSeconds;

    public void Print(TextWriter output, string? saved)
    {
        string where = saved is null ? "" : $" Saved to {saved}.";
        FormattableString rate = $"{ExamplesPerSecond:N0} examples/s in {Time.TotalSeconds:F2} s of training, by {GemmCalls:N0} GEMMs and {GemvCalls:N0} GEMVs.";
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Test accuracy {Last.TestAccuracy:P1}. {rate.ToString(CultureInfo.InvariantCulture)}{where}"));
    }
}
