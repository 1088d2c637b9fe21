using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Output;
using BlasNet.Cli.Vectors;
using BlasNet.Text;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet embed</c>.</summary>
internal static class EmbedCommand
{
    private const string Description = """
        Turn texts, one a line, into vectors with a pretrained encoder.

        The texts are read as they are embedded, so there may be more of them than memory holds. A file appears when it is complete.

        Examples:
          blasnet embed --model all-MiniLM-L6-v2 sentences.txt --output vectors.npy
          zcat corpus.gz | blasnet embed --model bge-small-en - > vectors.jsonl
        """;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), LongPause = TimeSpan.FromSeconds(10);

    public static Command Create(CommandContext context)
    {
        var embedding = new EmbeddingOptions();
        var file = new Argument<string>("FILE")
        {
            Description = "Texts, one a line, plain or gzipped; - for the standard input.",
            DefaultValueFactory = _ => "-",
        };
        Option<string?> output = CliOptions.FileName(
            "--output",
            "File to write: .npy or .safetensors, a matrix of float32 with a row for each text; .jsonl, a line for each. "
            + "[default: such lines, to the output]");
        var command = new Command("embed", Description) { file, output };
        foreach (Option option in embedding.All)
            command.Options.Add(option);

        command.SetAction(options =>
        {
            using TextEncoder encoder = embedding.Load(options);
            using VectorWriter writer = VectorWriter.Create(options.GetValue(output), encoder.Dimensions, context.Output);
            string summary = StatusLine.Show(context, report => Embed(encoder, EmbeddingOptions.Read(options.GetValue(file)!), writer, report, context));
            context.Error.WriteLine(summary);
        });
        return command;
    }

    private static string Embed(TextEncoder encoder, IEnumerable<string> texts, VectorWriter writer, Action<string> report, CommandContext context)
    {
        TimeSpan pause = context.Status.Profile.Out.IsTerminal ? Pause : LongPause, next = pause;
        var watch = Stopwatch.StartNew();
        var pending = new Queue<string>();   // read, and not yet embedded
        long done = 0;
        foreach (float[] vector in encoder.EmbedStream(texts.Select(Remember), context.Cancellation))
        {
            writer.Add(pending.Dequeue(), vector);
            done++;
            if (watch.Elapsed < next)
                continue;

            next = watch.Elapsed + pause;
            report(Progress());
        }

        context.Cancellation.ThrowIfCancellationRequested();
        writer.Commit();
        return Progress();

        string Remember(string text)
        {
            pending.Enqueue(text);
            return text;
        }

        string Progress() => string.Create(CultureInfo.InvariantCulture, $"{done:N0} texts, {done / watch.Elapsed.TotalSeconds:N1} a second");
    }
}
