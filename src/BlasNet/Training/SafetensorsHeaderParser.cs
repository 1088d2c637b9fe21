using System.Text.Json;

namespace BlasNet.Training;

/// <summary>Reads the JSON of a safetensors header member by member; how the tensors lie together is checked by the caller.</summary>
internal sealed class SafetensorsHeaderParser(string file)
{
    private readonly List<SafetensorsEntry> _entries = [];
    private readonly Dictionary<string, string> _metadata = [];
    private readonly HashSet<string> _names = [];

    /// <exception cref="SafetensorsException">A member is not what the format asks for.</exception>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public SafetensorsHeader Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        Expect(ref reader, JsonTokenType.StartObject, "the header");

        while (NextName(ref reader, out string name))
        {
            if (!_names.Add(name))
                throw Error($"'{name}' occurs twice in the header");

            Expect(ref reader, JsonTokenType.StartObject, $"'{name}'");

            if (name == SafetensorsHeader.MetadataName)
                ParseMetadata(ref reader);
            else
                _entries.Add(ParseEntry(ref reader, name));
        }

        reader.Read(); // whatever is not white space throws

        return new SafetensorsHeader([.. _entries.OrderBy(entry => entry.Offset).ThenBy(entry => entry.Bytes)], _metadata);
    }

    private void ParseMetadata(ref Utf8JsonReader reader)
    {
        while (NextName(ref reader, out string name))
        {
            Expect(ref reader, JsonTokenType.String, $"metadata '{name}'");

            if (!_metadata.TryAdd(name, reader.GetString()!))
                throw Error($"metadata '{name}' occurs twice");
        }
    }

    private SafetensorsEntry ParseEntry(ref Utf8JsonReader reader, string name)
    {
        string? type = null;
        long[]? shape = null, offsets = null;

        while (NextName(ref reader, out string member))
        {
            bool isNew = true;

            switch (member)
            {
                case "dtype":
                    (isNew, type) = (type is null, ParseType(ref reader, name));
                    break;
                case "shape":
                    (isNew, shape) = (shape is null, ParseNumbers(ref reader, $"shape of '{name}'"));
                    break;
                case "data_offsets":
                    (isNew, offsets) = (offsets is null, ParseNumbers(ref reader, $"data_offsets of '{name}'"));
                    break;
                default:
                    reader.Skip(); // as the reference implementation does
                    break;
            }

            if (!isNew)
                throw Error($"'{member}' occurs twice in tensor '{name}'");
        }

        return ToEntry(
            name,
            type ?? throw Missing("dtype"),
            shape ?? throw Missing("shape"),
            offsets ?? throw Missing("data_offsets"));

        SafetensorsException Missing(string member) => Error($"tensor '{name}' has no '{member}'");
    }

    private SafetensorsEntry ToEntry(string name, string type, long[] shape, long[] offsets)
    {
        if (offsets is not [var begin, var end] || begin > end)
            throw Error($"data_offsets of '{name}' must be [begin, end] with begin ≤ end, got [{string.Join(", ", offsets)}]");

        var entry = new SafetensorsEntry(name, type, shape, begin);
        long bytes;

        try
        {
            bytes = entry.Bytes;
        }
        catch (OverflowException e)
        {
            throw new SafetensorsException(file, $"tensor {entry} has more bytes than a 64-bit number can count", e);
        }

        return bytes == end - begin ? entry
            : throw Error($"tensor {entry} needs {bytes} bytes; its data_offsets [{begin}, {end}] give it {end - begin}");
    }

    private string ParseType(ref Utf8JsonReader reader, string name)
    {
        Expect(ref reader, JsonTokenType.String, $"dtype of '{name}'");

        string type = reader.GetString()!;
        return SafetensorsEntry.IsType(type) ? type : throw Error($"tensor '{name}' has dtype {type}; the format has {SafetensorsEntry.Types}");
    }

    private long[] ParseNumbers(ref Utf8JsonReader reader, string what)
    {
        Expect(ref reader, JsonTokenType.StartArray, what);
        List<long> numbers = [];

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                throw Error($"{what} must hold whole numbers from 0 to 2⁶³ − 1");

            numbers.Add(number);
        }

        return [.. numbers];
    }

    /// <summary>Goes to the value of the next member of an object; false at its end.</summary>
    private static bool NextName(ref Utf8JsonReader reader, out string name)
    {
        reader.Read();
        bool isMember = reader.TokenType == JsonTokenType.PropertyName;
        name = isMember ? reader.GetString()! : "";

        if (isMember)
            reader.Read();

        return isMember;
    }

    private void Expect(ref Utf8JsonReader reader, JsonTokenType type, string what)
    {
        if (reader.TokenType == type)
            return;

        string name = type switch
        {
            JsonTokenType.StartObject => "object",
            JsonTokenType.StartArray => "array",
            _ => "string",
        };

        throw Error($"{what} must be a JSON {name}");
    }

    private SafetensorsException Error(string rule) => new(file, rule);
}
