using System.Globalization;
using BlasNet.Cli.Training;

namespace BlasNet.Cli.Output;

/// <summary>What a training came to, over all its epochs.</summary>
internal sealed class TrainingSummary(IReadOnlyList<EpochResult> epochs)
{
    public EpochResult Last => epochs[^1];

    public int Epochs => epochs.Count;

    public TimeSpan Time { get; } = TimeSpan.FromTicks(epochs.Sum(epoch => epoch.Time.Ticks));

    public long GemmCalls { get; } = epochs.Sum(epoch => epoch.GemmCalls);

    public long GemvCalls { get; } = epochs.Sum(epoch => epoch.GemvCalls);

    public double ExamplesPerSecond => epochs.Sum(epoch => epoch.Examples) / Time.TotalSeconds;

    public double WordsPerSecond => epochs.Sum(epoch => epoch.Words) / Time.TotalSeconds;

    public void Print(TextWriter output, string? saved)
    {
        string where = saved is null ? "" : $" Saved to {saved}.";
        string words = Last.Words == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {WordsPerSecond:N0} words/s");
        string rate = string.Create(
            CultureInfo.InvariantCulture, $"{ExamplesPerSecond:N0} examples/s{words} in {Time.TotalSeconds:F2} s of training, by {GemmCalls:N0} GEMMs and {GemvCalls:N0} GEMVs.");
        output.WriteLine($"{Last.Quality.ToSentence()} {rate}{where}");
    }
}
