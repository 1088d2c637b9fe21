using BlasNet.Cli.Benchmarks;
using BlasNet.Cli.Benchmarks.Encoders;
using BlasNet.Diagnostics;
using BlasNet.Text;

namespace BlasNet.Cli.Output;

/// <summary>A line of <c>bench encoder --against onnxruntime --json</c>: rates of the peer, how many times as fast BlasNet is, pass by pass, and how alike
/// the vectors are.</summary>
internal sealed record WayLine(
    string Way, double SentencesPerSecond, double SentencesPerSecondMin, double SentencesPerSecondMax, double SentencesPerProcessorSecond,
    double TimesAsFast, double TimesAsFastMin, double TimesAsFastMax, double LeastCosine)
{
    /// <param name="way">Its name.</param>
    /// <param name="sentences">Of a pass.</param>
    /// <param name="times">Of the way.</param>
    /// <param name="own">Of BlasNet.</param>
    /// <param name="leastCosine">Of the two vectors of a text.</param>
    public static WayLine Of(string way, int sentences, WayTimes times, WayTimes own, double leastCosine)
    {
        (Spread pass, Spread ratio) = (times.Seconds, own.Against(times));
        return new(
            way, sentences / pass.Median, sentences / pass.Slowest, sentences / pass.Fastest, sentences / times.Busy.Median,
            ratio.Median, ratio.Fastest, ratio.Slowest, leastCosine);
    }
}

/// <summary>The last line of <c>bench encoder --json</c>: rates of the middle, the slowest and the fastest pass, tokens made of texts included.</summary>
internal sealed record EncoderLine(
    string Model, double SentencesPerSecond, double SentencesPerSecondMin, double SentencesPerSecondMax, double TokensPerSecond,
    double ModelFlopUtilisation, double PeakGflops, double FlopsPerToken, int Sentences, long Tokens, long Parameters, int Passes, int Threads, int BatchTokens,
    double LoadSeconds, double FirstVectorSeconds, string? OpenblasCore)
{
    /// <param name="encoder">What was timed.</param>
    /// <param name="sentences">Of a pass.</param>
    /// <param name="lengths">Tokens of each text, or of its windows.</param>
    /// <param name="pass">Its times.</param>
    /// <param name="peak">GFLOP/s of the packed product.</param>
    /// <param name="threads">For one product.</param>
    public static EncoderLine Of(TextEncoder encoder, int sentences, int[] lengths, Spread pass, double peak, int threads)
    {
        long tokens = lengths.Sum(length => (long)length);
        double flops = lengths.Sum(encoder.FlopsOf);
        return new(
            encoder.Name, sentences / pass.Median, sentences / pass.Slowest, sentences / pass.Fastest, tokens / pass.Median,
            flops / pass.Median / (peak * 1e9), peak, flops / tokens, sentences, tokens, encoder.Model.Size, WorkloadTimer.Passes, threads,
            encoder.Options.BatchTokens, LoadSeconds: 0, FirstVectorSeconds: 0, OpenBlas.Core);
    }
}
