using System.Globalization;
using System.Text;
using System.Text.Json;

namespace BlasNet.Training;

/// <summary>A file with one row for each epoch: comma-separated (<c>.csv</c>, with a header) or a JSON object a line (<c>.jsonl</c>).</summary>
/// <remarks>Each row is written at once and handed to the operating system. A training that is resumed first removes the rows of epochs that
/// will be trained again, and a line that was cut off.</remarks>
public sealed class TrainingLog : IDisposable
{
    private const string EpochColumn = "epoch";

    private readonly bool _isJson;
    private FileStream? _file;
    private string? _header;

    /// <param name="path">Ends in <c>.csv</c> or <c>.jsonl</c>. Nothing is written before the first row.</param>
    /// <exception cref="ArgumentException">It ends in something else.</exception>
    public TrainingLog(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Path = path;
        _isJson = System.IO.Path.GetExtension(path).ToUpperInvariant() switch
        {
            ".JSONL" => true,
            ".CSV" => false,
            _ => throw new ArgumentException($"{path}: the name of a log ends in .csv or .jsonl.", nameof(path)),
        };
    }

    /// <summary>The file, as it was given.</summary>
    public string Path { get; }

    /// <summary>Keeps the complete rows of the first epochs, and removes the others: to be called before the first row.</summary>
    /// <param name="epochs">How many epochs have been trained; 0 starts a new file.</param>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    public void Begin(int epochs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epochs);
        _file?.Dispose();
        string[] kept = epochs > 0 && File.Exists(Path) ? KeptLines(File.ReadAllText(Path), epochs) : [];
        _header = !_isJson && kept.Length > 0 ? kept[0] : null;
        using (var file = new AtomicFile(Path))
        {
            file.Write(Encoding.UTF8.GetBytes(string.Concat(kept.Select(line => line + "\n"))));
            file.Commit();
        }

        _file = new FileStream(Path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    /// <summary>Appends a row.</summary>
    /// <param name="epoch">From 1; the first column.</param>
    /// <param name="values">The other columns, the same ones in every row.</param>
    /// <exception cref="IOException">The rows before have other columns, or the disk is full or gone.</exception>
    public void Write(int epoch, IReadOnlyList<KeyValuePair<string, double>> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (_file is null)
            Begin(0);

        string line = _isJson ? JsonLine(epoch, values) : CsvLine(epoch, values);
        try
        {
            _file!.Write(Encoding.UTF8.GetBytes(line));
            _file.Flush();
        }
        catch (IOException e)
        {
            throw new IOException($"{Path}: cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file?.Dispose();

    private string CsvLine(int epoch, IReadOnlyList<KeyValuePair<string, double>> values)
    {
        string header = $"{EpochColumn},{string.Join(',', values.Select(value => value.Key))}";
        string numbers = string.Join(',', values.Select(value => value.Value.ToString("R", CultureInfo.InvariantCulture)));
        string row = string.Create(CultureInfo.InvariantCulture, $"{epoch},{numbers}\n");
        if (_header is null)
            row = $"{header}\n{row}";
        else if (_header != header)
            throw new IOException($"{Path} has the columns {_header}; a row of {header} does not fit. Choose another file.");

        _header = header;
        return row;
    }

    // JSON has no numbers that are not finite.
    private static string JsonLine(int epoch, IReadOnlyList<KeyValuePair<string, double>> values)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber(EpochColumn, epoch);
            foreach ((string name, double value) in values)
            {
                if (double.IsFinite(value))
                    json.WriteNumber(name, value);
                else
                    json.WriteNull(name);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n";
    }

    private string[] KeptLines(string text, int epochs)
    {
        string[] lines = text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return _isJson
            ? [.. lines.Where(line => JsonEpochOf(line) <= epochs)]
            : [.. lines.Take(1), .. lines.Skip(1).Where(line => CsvEpochOf(line) <= epochs)];
    }

    // What is not a row of ours goes.
    private static int CsvEpochOf(string line) =>
        int.TryParse(line.Split(',')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int epoch) ? epoch : int.MaxValue;

    private static int JsonEpochOf(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(EpochColumn, out JsonElement epoch)
                && epoch.TryGetInt32(out int number) ? number : int.MaxValue;
        }
        catch (JsonException)
        {
            return int.MaxValue;
        }
    }
}
