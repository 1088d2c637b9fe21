using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Cli.Prediction;

/// <summary>An example as a JSON object on a line, and a prediction as one.</summary>
internal sealed class JsonLine
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly JsonElement _object;

    private JsonLine(JsonElement element) => _object = element;

    /// <exception cref="CommandException">It is not JSON.</exception>
    public static JsonLine Of(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return new JsonLine(document.RootElement.Clone());
        }
        catch (JsonException e)
        {
            throw new CommandException($"is not a JSON object: {e.Message}");
        }
    }

    /// <summary>Writes an object's members.</summary>
    public static string Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>A member that is a list of texts.</summary>
    /// <exception cref="CommandException">It is missing or something else.</exception>
    public string[] Texts(string name) => [.. List(name, JsonValueKind.String, "a list of texts").Select(item => item.GetString()!)];

    /// <summary>A member that is a list of numbers.</summary>
    /// <exception cref="CommandException">It is missing or something else.</exception>
    public float[] Numbers(string name) => [.. List(name, JsonValueKind.Number, "a list of numbers").Select(item => item.GetSingle())];

    /// <summary>A member that is a text.</summary>
    /// <exception cref="CommandException">It is missing or something else.</exception>
    public string Text(string name) => Member(name) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : throw Missing(name, "a text");

    /// <summary>A member that is a text; null where it is missing or null.</summary>
    /// <exception cref="CommandException">It is something else.</exception>
    public string? TextOrNull(string name) => Member(name) is null or { ValueKind: JsonValueKind.Null } ? null : Text(name);

    private JsonElement.ArrayEnumerator List(string name, JsonValueKind kind, string what) =>
        Member(name) is { ValueKind: JsonValueKind.Array } array && array.EnumerateArray().All(item => item.ValueKind == kind)
            ? array.EnumerateArray() : throw Missing(name, what);

    private JsonElement? Member(string name) => _object.TryGetProperty(name, out JsonElement member) ? member : null;

    private static CommandException Missing(string name, string what) => new($"needs a member '{name}', {what}");
}
