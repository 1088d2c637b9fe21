using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using BlasNet.Cli.CommandLine;
using BlasNet.Tests.Text;
using BlasNet.Text;
using BlasNet.Training;

namespace BlasNet.Tests.Cli;

/// <summary><c>blasnet embed</c> and <c>blasnet search</c>.</summary>
[Collection(CommandLineTests.Name)]
public sealed class EmbedTests : IDisposable
{
    private static readonly string[] Texts = ["w4 w5", "", "w6 \"quoted\" ä", "w30 w31 w32 w33", "w4"];

    private readonly TemporaryFolder _folder = new(), _model = new();
    private readonly float[][] _vectors;
    private readonly string _lines;

    public EmbedTests()
    {
        new SmallEncoder("bert").Write(_model);
        using TextEncoder encoder = TextEncoder.Load(_model.Path);
        _vectors = encoder.Embed(Texts, TestContext.Current.CancellationToken);
        _lines = _folder.Write("lines.txt", string.Join('\n', Texts) + "\n");
    }

    [Fact]
    public void Each_line_is_a_text_and_becomes_a_line_of_json()
    {
        foreach (string? file in (string?[])[null, _folder.File("vectors.jsonl")])
        {
            CommandResult result = CommandResult.Of(["embed", "--model", _model.Path, _lines, .. file is null ? (string[])[] : ["--output", file]]);
            Assert.Equal(("", ExitCodes.Success), (result.ExitCode == 0 ? "" : result.Error, result.ExitCode));
            string[] lines = file is null ? result.Lines : File.ReadAllLines(file);
            Assert.Equal(Texts.Length, lines.Length);
            for (int i = 0; i < lines.Length; i++)
            {
                JsonElement line = JsonDocument.Parse(lines[i]).RootElement;
                Assert.Equal(Texts[i], line.GetProperty("text").GetString());
                Close(_vectors[i], [.. line.GetProperty("vector").EnumerateArray().Select(number => number.GetSingle())]);
            }

            Assert.Contains("5 texts, ", result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_matrix_has_a_row_for_each_text()
    {
        string npy = _folder.File("vectors.npy"), safetensors = _folder.File("vectors.safetensors");
        Assert.Equal(0, CommandResult.Of("embed", "--model", _model.Path, _lines, "--output", npy).ExitCode);
        Assert.Equal(0, CommandResult.Of("embed", "--model", _model.Path, _lines, "--output", safetensors).ExitCode);

        byte[] bytes = File.ReadAllBytes(npy);
        int header = bytes[8] + 256 * bytes[9];
        Assert.Equal("\x93NUMPY\x01\x00", System.Text.Encoding.Latin1.GetString(bytes, 0, 8));
        Assert.Equal(0, (10 + header) % 64);
        Assert.Equal("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 12), }", System.Text.Encoding.ASCII.GetString(bytes, 10, header).TrimEnd());
        Assert.Equal((byte)'\n', bytes[9 + header]);
        Close([.. _vectors.SelectMany(vector => vector)], MemoryMarshal.Cast<byte, float>(bytes.AsSpan(10 + header)).ToArray());

        using var reader = new SafetensorsReader(safetensors);
        Assert.Equal("vectors F32 [5, 12]", Assert.Single(reader.Header.Entries).ToString());
        float[] values = new float[60];
        reader.Read(reader.Header.Entries[0], values);
        Close([.. _vectors.SelectMany(vector => vector)], values);
    }

    [Theory, InlineData("vectors.npy"), InlineData("vectors.jsonl"), InlineData("vectors.safetensors")]
    public void What_is_interrupted_leaves_an_older_file_as_it_was(string name)
    {
        string file = _folder.Write(name, "old");
        CommandResult result = CommandResult.Of(new CancellationToken(canceled: true), "embed", "--model", _model.Path, _lines, "--output", file);
        Assert.Equal(ExitCodes.Interrupted, result.ExitCode);
        Assert.Equal("old", File.ReadAllText(file));
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length);
    }

    [Theory, InlineData("npy"), InlineData("safetensors")]
    public void The_nearest_texts_to_a_query_come_first(string ending)
    {
        string file = _folder.File("vectors." + ending);
        CommandResult.Of("embed", "--model", _model.Path, _lines, "--output", file);
        double[] cosines = [.. _vectors.Select(vector => Cosine(vector, _vectors[3]))];
        int[] expected = [.. Enumerable.Range(0, Texts.Length).OrderByDescending(i => cosines[i]).Take(3)];

        string[] search = ["search", "--model", _model.Path, "--vectors", file, "--texts", _lines, "--top", "3", Texts[3]];
        CommandResult shown = CommandResult.Of(search);
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{1:F4}  4  {Texts[3]}"), shown.Lines[0]);
        JsonElement[] lines = CommandResult.Of([.. search, "--json"]).Json();
        Assert.Equal(expected.Select(i => i + 1), lines.Select(line => line.GetProperty("line").GetInt32()));
        Assert.Equal(expected.Select(i => Texts[i]), lines.Select(line => line.GetProperty("text").GetString()));
        Assert.All(lines.Zip(expected), pair => Assert.Equal(cosines[pair.Second], pair.First.GetProperty("cosine").GetDouble(), 1e-5));
    }

    [Fact]
    public void Many_queries_find_the_same_rows_of_a_matrix_of_many_blocks_as_each_alone()
    {
        var random = new Random(2);
        float[][] rows = [.. Enumerable.Range(0, 2500).Select(i => Enumerable.Range(0, 12).Select(_ => i == 7 ? 0 : (float)random.NextDouble() - 0.5f).ToArray())];
        string file = _folder.Write("many.npy", [.. BlasNet.Cli.Vectors.MatrixHeader.Npy(rows.Length, 12), .. MemoryMarshal.AsBytes<float>([.. rows.SelectMany(row => row)])]);
        string[] queries = [.. Enumerable.Range(0, 300).Select(i => $"w{4 + i % 36} w{4 + i / 36}")];
        JsonElement[] lines = CommandResult.Of(
            "search", "--model", _model.Path, "--vectors", file, "--top", "3", "--json", "--queries", _folder.Write("queries.txt", string.Join('\n', queries))).Json();
        Assert.Equal(Enumerable.Range(0, 900).Select(i => 1 + i / 3), lines.Select(line => line.GetProperty("query").GetInt32()));
        using TextEncoder encoder = TextEncoder.Load(_model.Path);
        foreach (int query in (int[])[0, 1, 255, 256, 299])
        {
            float[] wanted = encoder.Embed(queries[query]);
            double[] cosines = [.. rows.Select((row, i) => i == 7 ? -2 : Cosine(row, wanted))];
            foreach ((JsonElement line, double expected) in lines[(3 * query)..(3 * query + 3)].Zip(cosines.OrderDescending()))
            {
                Assert.Equal(expected, line.GetProperty("cosine").GetDouble(), 1e-5);
                Assert.Equal(expected, cosines[line.GetProperty("line").GetInt32() - 1], 1e-5);
            }
        }

        string[] shown = CommandResult.Of("search", "--model", _model.Path, "--vectors", file, "--top", "1", "--queries", _folder.File("queries.txt")).Lines;
        Assert.StartsWith($"300  {lines[897].GetProperty("cosine").GetDouble().ToString("F4", CultureInfo.InvariantCulture)}  ", shown[299], StringComparison.Ordinal);
        Assert.Contains("either QUERY or --queries is expected.", CommandResult.Of("search", "--model", _model.Path, "--vectors", file).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_used_is_named()
    {
        string vectors = _folder.File("vectors.npy"), model = _model.Path;
        CommandResult.Of("embed", "--model", model, _lines, "--output", vectors);
        Error("nowhere: there is no such folder", "embed", "--model", "nowhere", _lines);
        Error("--output vectors.txt: must end with .npy, .jsonl or .safetensors.", "embed", "--model", model, _lines, "--output", "vectors.txt");
        Error("missing.txt: does not exist", "embed", "--model", model, "missing.txt");
        Error("--max-tokens: MaximumTokens must be from 3 to 70", "embed", "--model", model, _lines, "--max-tokens", "71");
        Error("missing.npy: there is no such file.", "search", "--model", model, "--vectors", "missing.npy", "x");
        string six = Npy("(6, 12)", 288);
        Error($"{_lines}: has 5 lines; the vectors are of 6.", "search", "--model", model, "--texts", _lines, "--vectors", six, "--top", "6", "x");
        Error($"{_lines}: has 5 lines; the vectors are of 4.", "search", "--model", model, "--texts", _lines, "--vectors", Npy("(4, 12)", 192), "x");
        Error("has vectors of 11 numbers; those of --model", "search", "--model", model, "--vectors", Npy("(1, 11)", 44), "x");
        Error("the header says 6 rows of 12 numbers, and 284 bytes follow it.", "search", "--model", model, "--vectors", Npy("(6, 12)", 284), "x");
        Error("the header says 999999999999999999 rows of 12 numbers", "search", "--model", model, "--vectors", Npy("(999999999999999999, 12)", 284), "x");
        Error("a matrix of float32, row by row, is expected", "search", "--model", model, "--vectors", Npy("(6,)", 24), "x");
        Error("is not a .npy file of version 1.", "search", "--model", model, "--vectors", _folder.Write("short.npy", "\x93NUM"), "x");
    }

    public void Dispose()
    {
        _folder.Dispose();
        _model.Dispose();
    }

    private string Npy(string shape, int bytes)
    {
        string text = $"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n";
        float[] ones = [.. Enumerable.Range(1, (bytes + 3) / 4).Select(i => (float)i)];
        byte[] header = [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, 0, .. System.Text.Encoding.ASCII.GetBytes(text)];
        return _folder.Write("other.npy", [.. header, .. MemoryMarshal.AsBytes(ones.AsSpan())[..bytes]]);
    }

    private static void Error(string message, params string[] args)
    {
        CommandResult result = CommandResult.Of(args);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Failure, ""), (result.ExitCode, result.Output));
    }

    private static double Cosine(float[] a, float[] b) =>
        a.Zip(b, (x, y) => (double)x * y).Sum() / Math.Sqrt(a.Sum(x => (double)x * x) * b.Sum(x => (double)x * x));

    private static void Close(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-5f);
    }
}
