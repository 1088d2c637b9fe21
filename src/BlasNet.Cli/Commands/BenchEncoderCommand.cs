using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using BlasNet.Cli.Benchmarks;
using BlasNet.Cli.Benchmarks.Encoders;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Output;
using BlasNet.Cli.Vectors;
using BlasNet.Datasets;
using BlasNet.Diagnostics;
using BlasNet.Text;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet bench encoder</c>.</summary>
internal static class BenchEncoderCommand
{
    private const string Description = """
        A pretrained encoder that turns texts into vectors, tokens included: passes over them to warm up, then five.

        With --against the same texts are brought to ONNX Runtime, too, on as many threads: one by one, 32 padded as they come, and 8 padded after sorting by
        length. All ways take turns. It is no part of this command: 'dotnet cake --target=Peers' in a clone of BlasNet builds it.

        Examples:
          blasnet bench encoder --model all-MiniLM-L6-v2 --data train.conllu.gz --json
          blasnet bench encoder --model all-MiniLM-L6-v2 --data train.conllu.gz --mix 128-tokens --against onnxruntime
        """;

    public static Command Create(CommandContext context)
    {
        var embedding = new EmbeddingOptions();
        Option<string?> data = CliOptions.FileName(
            "--data", "Sentences: CoNLL-U, or text, one a line; plain or gzipped. Without it: synthetic ones with the lengths of real text.");
        Option<Named<string>> mix = CliOptions.Choice(
            "--mix", "Sentences as they come, short ones and passages of several in turn, or texts of 128 tokens each.",
            [.. TextMix.All.Select(name => new Named<string>(name, name))]);
        Option<int> limit = CliOptions.Integer("--limit", "The first N texts are one pass.", byDefault: 512, 1, 1 << 20);
        Option<Named<bool>> against = CliOptions.Choice(
            "--against", "Compare with ONNX Runtime, if the folder has model.onnx.", new Named<bool>("none", false), new Named<bool>("onnxruntime", true));
        Option<bool> json = CliOptions.Json();
        var command = new Command("encoder", Description) { data, mix, limit, against, json };
        foreach (Option option in embedding.All)
            command.Options.Add(option);

        command.SetAction(options =>
        {
            int threads = options.GetValue(embedding.Threads);
            using PeerEncoder? peer = options.GetValue(against)!.Value ? PeerEncoder.OnnxRuntime(options.GetValue(embedding.Model)!, threads) : null;
            long start = Stopwatch.GetTimestamp();
            using TextEncoder encoder = embedding.Load(options);
            double load = Stopwatch.GetElapsedTime(start).TotalSeconds;
            encoder.Embed("A text of some words.");
            double first = Stopwatch.GetElapsedTime(start).TotalSeconds;
            string[] texts = Read(options.GetValue(data), options.GetValue(mix)!.Value, encoder, options.GetValue(limit));
            IReadOnlyList<EncoderWay> ways = EncoderWays.Of(encoder, peer);
            (EncoderLine line, WayLine[] others) = Measure(encoder, ways, texts, threads, context.Cancellation);
            line = line with { LoadSeconds = load, FirstVectorSeconds = first };
            if (!options.GetValue(json))
            {
                Print(context.Output, line, others);
                return;
            }

            foreach (WayLine other in others)
                context.WriteJson(other, JsonLines.Default.WayLine);

            context.WriteJson(line, JsonLines.Default.EncoderLine);
        });
        return command;
    }

    private static string[] Read(string? data, string mix, TextEncoder encoder, int limit)
    {
        // Synthetic sentences never end; so many suffice for texts of several.
        IEnumerable<string[]> sentences = data is null ? new SyntheticText(seed: 1).Sentences(64 * limit) : SentenceFile.Read(data);
        string[] texts = TextMix.Take(mix, encoder, sentences.Select(words => string.Join(' ', words)), limit);
        return texts.Length > 0 ? texts : throw new CommandException($"--data {data}: has too few sentences.");
    }

    private static (EncoderLine, WayLine[]) Measure(
        TextEncoder encoder, IReadOnlyList<EncoderWay> ways, string[] texts, int threads, CancellationToken cancellation)
    {
        double before = GemmPeak.Measure(threads);
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < WarmUp.Least;)
            encoder.Embed(texts, cancellation);

        float[][][] vectors = new float[ways.Count][][];
        WayTimes[] times = WayTimes.InTurns(
            [.. ways.Select((way, i) => (Action)(() => vectors[i] = way.Embed(texts, cancellation)))], WorkloadTimer.Passes, cancellation);
        int[] lengths = [.. texts.SelectMany(encoder.Windows).Select(window => window.Length)];
        double peak = Math.Max(before, GemmPeak.Measure(threads));
        return (
            EncoderLine.Of(encoder, texts.Length, lengths, times[0].Seconds, peak, threads),
            [.. Enumerable.Range(1, ways.Count - 1).Select(i => WayLine.Of(
                ways[i].Name, texts.Length, times[i], times[0], EncoderWays.LeastCosine(vectors[i], vectors[0])))]);
    }

    private static void Print(TextWriter output, EncoderLine line, WayLine[] others)
    {
        Add("sentences/s", $"{line.SentencesPerSecond:N1} ({line.SentencesPerSecondMin:N1} to {line.SentencesPerSecondMax:N1}), {line.Sentences:N0} in a pass");
        Add("tokens/s", $"{line.TokensPerSecond:N0}, {line.Tokens:N0} in a pass");
        Add("model FLOP utilisation", $"{line.ModelFlopUtilisation:P1} of {line.PeakGflops:N0} GFLOP/s (packed product, {line.Threads} thread(s))");
        Add("products", $"{line.FlopsPerToken / 1e6:N2} MFLOP a token, {line.Parameters:N0} parameters");
        Add("start", $"loaded in {line.LoadSeconds:N3} s, first vector after {line.FirstVectorSeconds:N3} s");
        Add("OpenBLAS", $"{line.OpenblasCore ?? "not found"}");
        foreach (WayLine other in others)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{other.Way}: {other.SentencesPerSecond:N1} ({other.SentencesPerSecondMin:N1} to {other.SentencesPerSecondMax:N1}) sentences/s; this one is "
                + $"{other.TimesAsFast:N2} ({other.TimesAsFastMin:N2} to {other.TimesAsFastMax:N2}) times as fast, least cosine {other.LeastCosine:F7}"));
        }

        void Add(string name, FormattableString value) => output.WriteLine($"{name,-24}{value.ToString(CultureInfo.InvariantCulture)}");
    }
}
