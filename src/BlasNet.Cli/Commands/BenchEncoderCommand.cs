using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using BlasNet.Cli.Benchmarks;
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
        A pretrained encoder that turns sentences into vectors, tokens included: passes over them to warm up, then five.

        Examples:
          blasnet bench encoder --model all-MiniLM-L6-v2 --data train.conllu.gz --json
        """;

    public static Command Create(CommandContext context)
    {
        var embedding = new EmbeddingOptions();
        Option<string?> data = CliOptions.FileName(
            "--data", "Sentences: CoNLL-U, or text, one a line; plain or gzipped. Without it: synthetic ones with the lengths of real text.");
        Option<int> limit = CliOptions.Integer("--limit", "The first N sentences are one pass.", byDefault: 512, 1, 1 << 20);
        Option<bool> json = CliOptions.Json();
        var command = new Command("encoder", Description) { data, limit, json };
        foreach (Option option in embedding.All)
            command.Options.Add(option);

        command.SetAction(options =>
        {
            int threads = options.GetValue(embedding.Threads);
            string[] texts = Read(options.GetValue(data), options.GetValue(limit));
            long start = Stopwatch.GetTimestamp();
            using TextEncoder encoder = embedding.Load(options);
            double load = Stopwatch.GetElapsedTime(start).TotalSeconds;
            encoder.Embed(texts[0]);
            double first = Stopwatch.GetElapsedTime(start).TotalSeconds;
            EncoderLine line = Measure(encoder, texts, threads, context.Cancellation) with { LoadSeconds = load, FirstVectorSeconds = first };
            if (options.GetValue(json))
                context.WriteJson(line, JsonLines.Default.EncoderLine);
            else
                Print(context.Output, line);
        });
        return command;
    }

    private static string[] Read(string? data, int limit)
    {
        IEnumerable<string[]> sentences = data is null ? new SyntheticText(seed: 1).Sentences(limit) : SentenceFile.Read(data).Take(limit);
        string[] texts = [.. sentences.Select(words => string.Join(' ', words))];
        return texts.Length > 0 ? texts : throw new CommandException($"--data {data}: has no sentences.");
    }

    private static EncoderLine Measure(TextEncoder encoder, string[] texts, int threads, CancellationToken cancellation)
    {
        double before = GemmPeak.Measure(threads);
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < WorkloadTimer.LeastWarmUp;)
            encoder.Embed(texts, cancellation);

        double[] passes = new double[WorkloadTimer.Passes];
        for (int pass = 0; pass < passes.Length; pass++)
        {
            long start = Stopwatch.GetTimestamp();
            encoder.Embed(texts, cancellation);
            passes[pass] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        int[] lengths = [.. texts.SelectMany(encoder.Windows).Select(window => window.Length)];
        double peak = Math.Max(before, GemmPeak.Measure(threads));
        return EncoderLine.Of(encoder, texts.Length, lengths, Spread.Of(passes), peak, threads);
    }

    private static void Print(TextWriter output, EncoderLine line)
    {
        Add("sentences/s", $"{line.SentencesPerSecond:N1} ({line.SentencesPerSecondMin:N1} to {line.SentencesPerSecondMax:N1}), {line.Sentences:N0} in a pass");
        Add("tokens/s", $"{line.TokensPerSecond:N0}, {line.Tokens:N0} in a pass");
        Add("model FLOP utilisation", $"{line.ModelFlopUtilisation:P1} of {line.PeakGflops:N0} GFLOP/s (packed product, {line.Threads} thread(s))");
        Add("products", $"{line.FlopsPerToken / 1e6:N2} MFLOP a token, {line.Parameters:N0} parameters");
        Add("start", $"loaded in {line.LoadSeconds:N3} s, first vector after {line.FirstVectorSeconds:N3} s");
        Add("OpenBLAS", $"{line.OpenblasCore ?? "not found"}");

        void Add(string name, FormattableString value) => output.WriteLine($"{name,-24}{value.ToString(CultureInfo.InvariantCulture)}");
    }
}
