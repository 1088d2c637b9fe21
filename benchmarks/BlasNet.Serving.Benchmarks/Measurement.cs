using System.Text.Json;

namespace BlasNet.Serving.Benchmarks;

/// <summary>What a load has shown.</summary>
/// <param name="Mode">How requests were answered.</param>
/// <param name="Load">How they came.</param>
/// <param name="Clients">How many at a time, in a closed loop.</param>
/// <param name="Sent">Requests a second.</param>
/// <param name="Answered">Requests a second.</param>
/// <param name="Refused">Requests a second.</param>
/// <param name="Wrong">Answers that differ from the sentence's own.</param>
/// <param name="P50">Milliseconds within which half were answered.</param>
/// <param name="P99">Milliseconds within which 99 % were answered.</param>
/// <param name="Longest">In milliseconds.</param>
/// <param name="BytesPerAnswer">Allocated in the whole process, clients and refusals included.</param>
/// <param name="ProcessorMicroseconds">Time of the processor, of the whole process, for an answer.</param>
/// <param name="MostBefore">The most answers that one request has seen given before its own.</param>
internal sealed record Measurement(
    string Mode, string Load, int Clients, double Sent, double Answered, double Refused, long Wrong, double P50, double P99, double Longest,
    double BytesPerAnswer, double ProcessorMicroseconds, long MostBefore)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The medians of measurements made in turns with others.</summary>
    public static Measurement MedianOf(IReadOnlyList<Measurement> all) => all[0] with
    {
        Sent = Median(m => m.Sent, all),
        Answered = Median(m => m.Answered, all),
        Refused = Median(m => m.Refused, all),
        Wrong = all.Sum(m => m.Wrong),
        P50 = Median(m => m.P50, all),
        P99 = Median(m => m.P99, all),
        Longest = all.Max(m => m.Longest),
        BytesPerAnswer = Median(m => m.BytesPerAnswer, all),
        ProcessorMicroseconds = Median(m => m.ProcessorMicroseconds, all),
        MostBefore = all.Max(m => m.MostBefore),
    };

    public static double Median<T>(Func<T, double> value, IEnumerable<T> items)
    {
        double[] sorted = [.. items.Select(value).Order()];
        return sorted[sorted.Length / 2];
    }

    public void Print(bool json, string more = "") => Console.WriteLine(json ? JsonSerializer.Serialize(this, Json)
        : $"{Mode,-9} {Load} {Clients,3} clients: {Answered,7:F0} answers/s, {Refused,7:F0} refusals/s, p50 {P50,7:F2} ms, p99 {P99,7:F2} ms, longest {Longest,6:F1} ms, "
            + $"{BytesPerAnswer,5:F0} B, {ProcessorMicroseconds,4:F0} µs of processor, {Wrong} wrong{more}");
}
