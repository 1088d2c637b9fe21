using System.CommandLine;
using System.Globalization;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Output;
using BlasNet.Cli.Vectors;
using BlasNet.Text;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet search</c>.</summary>
internal static class SearchCommand
{
    private const string Description = """
        Find the texts whose vectors are nearest to a query's, by the cosine. Exact: the query is compared with every vector; the file is mapped, not loaded.

        Many queries at once are read from a file and take little more time than one; each result then begins with its query's number.

        Examples:
          blasnet embed --model all-MiniLM-L6-v2 lines.txt --output lines.npy
          blasnet search --model all-MiniLM-L6-v2 --vectors lines.npy --texts lines.txt "how do I return a parcel"
          blasnet search --model all-MiniLM-L6-v2 --vectors lines.npy --queries questions.txt --top 3 --json
        """;

    public static Command Create(CommandContext context)
    {
        var embedding = new EmbeddingOptions();
        var query = new Argument<string?>("QUERY") { Description = "What to look for.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> queries = CliOptions.FileName("--queries", "What to look for, one a line, plain or gzipped; - for the standard input.", "FILE|-");
        Option<string?> vectors = CliOptions.FileName("--vectors", "What blasnet embed has written: .npy or .safetensors.");
        Option<string?> texts = CliOptions.FileName("--texts", "The texts, one a line, that it was written for; without it only their numbers are shown.");
        vectors.Required = true;
        Option<int> top = CliOptions.Integer("--top", "How many to show.", byDefault: 10, 1, 1 << 20);
        var json = new Option<bool>("--json") { Description = "Print one JSON object per line." };
        var command = new Command("search", Description) { query, queries, vectors, texts, top, json };
        foreach (Option option in embedding.All)
            command.Options.Add(option);

        command.Validators.Add(result =>
        {
            if (result.GetResult(query) is null or { Tokens.Count: 0 } == (result.GivenValue(queries) is null))
                result.AddError("either QUERY or --queries is expected.");
        });
        command.SetAction(options =>
        {
            using MatrixFile matrix = MatrixFile.Open(options.GetValue(vectors)!);
            using TextEncoder encoder = embedding.Load(options);
            if (matrix.Columns != encoder.Dimensions)
            {
                throw new CommandException(
                    $"{options.GetValue(vectors)}: has vectors of {matrix.Columns} numbers; "
                    + $"those of --model {options.GetValue(embedding.Model)} have {encoder.Dimensions}.");
            }

            string? file = options.GetValue(queries);
            IEnumerable<string> wanted = file is null ? [options.GetValue(query)!] : EmbeddingOptions.Read(file);
            IEnumerable<NearestLine> lines = Search(context, encoder, matrix, wanted, options.GetValue(top), options.GetValue(texts));
            foreach (NearestLine line in lines)
                Write(context, file is null ? line with { Query = null } : line, options.GetValue(json));
        });
        return command;
    }

    private static IEnumerable<NearestLine> Search(
        CommandContext context, TextEncoder encoder, MatrixFile matrix, IEnumerable<string> queries, int top, string? texts)
    {
        long number = 0;
        foreach (float[][] some in encoder.EmbedStream(queries, context.Cancellation).Chunk(NearestRows.Queries))
        {
            var nearest = NearestRows.Find(matrix, some, top, encoder.Options.Compute, context.Cancellation);
            Dictionary<long, string> lines = ReadLines(texts, nearest, matrix.RowCount);
            foreach ((long Row, float Cosine)[] rows in nearest)
            {
                number++;
                foreach ((long row, float cosine) in rows)
                    yield return new NearestLine(number, row + 1, cosine, lines.GetValueOrDefault(row));
            }
        }
    }

    private static void Write(CommandContext context, NearestLine line, bool json)
    {
        if (json)
            context.WriteJson(line, JsonLines.Default.NearestLine);
        else
            context.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{line.Query}  {line.Cosine:F4}  {line.Line}  {line.Text}").Trim());
    }

    // Reads the whole file: one of another number of lines belongs to other vectors.
    private static Dictionary<long, string> ReadLines(string? file, (long Row, float Cosine)[][] nearest, long rows)
    {
        Dictionary<long, string> lines = [];
        HashSet<long> wanted = [.. nearest.SelectMany(rows => rows).Select(item => item.Row)];
        if (file is null || wanted.Count == 0)
            return lines;

        long number = 0;
        foreach (string line in Datasets.TextLines.Read(file))
        {
            if (wanted.Contains(number))
                lines.Add(number, line);

            number++;
        }

        return number == rows ? lines : throw new CommandException($"{file}: has {number} lines; the vectors are of {rows}.");
    }
}
