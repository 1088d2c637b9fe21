using System.CommandLine;
using System.Globalization;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Output;
using BlasNet.Cli.Vectors;
using BlasNet.Kernels;
using BlasNet.Text;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet search</c>.</summary>
internal static class SearchCommand
{
    private const string Description = """
        Find the texts whose vectors are nearest to a query's, by the cosine. Exact: the query is compared with every vector; the file is mapped, not loaded.

        Examples:
          blasnet embed --model all-MiniLM-L6-v2 lines.txt --output lines.npy
          blasnet search --model all-MiniLM-L6-v2 --vectors lines.npy --texts lines.txt "how do I return a parcel"
        """;

    public static Command Create(CommandContext context)
    {
        var embedding = new EmbeddingOptions();
        var query = new Argument<string>("QUERY") { Description = "What to look for." };
        Option<string?> vectors = CliOptions.FileName("--vectors", "What blasnet embed has written: .npy or .safetensors.");
        Option<string?> texts = CliOptions.FileName("--texts", "The texts, one a line, that it was written for; without it only their numbers are shown.");
        vectors.Required = true;
        Option<int> top = CliOptions.Integer("--top", "How many to show.", byDefault: 10, 1, 1 << 20);
        var json = new Option<bool>("--json") { Description = "Print one JSON object per line." };
        var command = new Command("search", Description) { query, vectors, texts, top, json };
        foreach (Option option in embedding.All)
            command.Options.Add(option);

        command.SetAction(options =>
        {
            using var kernels = new KernelScope(GemmMode.Auto, options.GetValue(embedding.Threads));
            using MatrixFile matrix = MatrixFile.Open(options.GetValue(vectors)!);
            using TextEncoder encoder = embedding.Load(options);
            if (matrix.Columns != encoder.Dimensions)
            {
                throw new CommandException(
                    $"{options.GetValue(vectors)}: has vectors of {matrix.Columns} numbers; "
                    + $"those of --model {options.GetValue(embedding.Model)} have {encoder.Dimensions}.");
            }

            float[] wanted = encoder.Embed(options.GetValue(query)!);
            (long Row, float Cosine)[] nearest = NearestRows.Find(matrix, wanted, options.GetValue(top), context.Cancellation);
            Dictionary<long, string> lines = ReadLines(options.GetValue(texts), nearest, matrix.Rows);
            foreach ((long row, float cosine) in nearest)
            {
                string? text = lines.GetValueOrDefault(row);
                if (options.GetValue(json))
                    context.WriteJson(new NearestLine(row + 1, cosine, text), JsonLines.Default.NearestLine);
                else
                    context.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{cosine:F4}  {row + 1}  {text}").TrimEnd());
            }
        });
        return command;
    }

    // Reads the file up to the last line that is needed.
    private static Dictionary<long, string> ReadLines(string? file, (long Row, float Cosine)[] nearest, long rows)
    {
        Dictionary<long, string> lines = [];
        if (file is null || nearest.Length == 0)
            return lines;

        HashSet<long> wanted = [.. nearest.Select(item => item.Row)];
        long number = 0;
        foreach (string line in Datasets.TextLines.Read(file))
        {
            if (wanted.Contains(number))
                lines.Add(number, line);

            if (++number == rows || lines.Count == wanted.Count)
                return lines;
        }

        throw new CommandException($"{file}: has {number} lines; the vectors are of {rows}.");
    }
}
