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
    public string[] Texts(string name) => [.. List(name, JsonValueKind.String, "a list of texts").Select(TextOf)];

    /// <summary>A member that is a list of numbers, none of them infinite as a float.</summary>
    /// <exception cref="CommandException">It is missing or something else.</exception>
    public float[] Numbers(string name) => [.. List(name, JsonValueKind.Number, "a list of numbers").Select(item =>
        item.TryGetSingle(out float number) && float.IsFinite(number) ? number
        : throw new CommandException($"has a number in '{name}' that no float can hold: {item.GetRawText()}"))];

    /// <summary>A member that is a text.</summary>
    /// <exception cref="CommandException">It is missing or something else.</exception>
    public string Text(string name) => Member(name) is { ValueKind: JsonValueKind.String } text ? TextOf(text) : throw Missing(name, "a text");

    /// <summary>A member that is a text; null where it is missing or null.</summary>
    /// <exception cref="CommandException">It is something else.</exception>
    public string? TextOrNull(string name) => Member(name) is null or { ValueKind: JsonValueKind.Null } ? null : Text(name);

    private JsonElement.ArrayEnumerator List(string name, JsonValueKind kind, string what) =>
        Member(name) is { ValueKind: JsonValueKind.Array } array && array.EnumerateArray().All(item => item.ValueKind == kind)
            ? array.EnumerateArray() : throw Missing(name, what);

    private JsonElement? Member(string name)
    {
        try
        {
            return _object.TryGetProperty(name, out JsonElement member) ? member : null;
        }
        catch (InvalidOperationException e)
        {
            throw NoUnicode("name", e);
        }
    }

    private static string TextOf(JsonElement text)
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw NoUnicode("text", e);
        }
    }

    // Half of a surrogate pair, escaped.
    private static CommandException NoUnicode(string what, InvalidOperationException e) => new($"has a {what} that is not valid Unicode: {e.Message}");

    private static CommandException Missing(string name, string what) => new($"needs a member '{name}', {what}");
}
