using System.Text;
using System.Text.Json;

namespace BlasNet.Training;

/// <summary>The JSON header of a safetensors file: which tensors it has, and where.</summary>
/// <param name="Entries">In the order of their bytes.</param>
/// <param name="Metadata">Free text by name.</param>
/// <remarks>The file is 8 bytes of header length, little-endian; the header, an object with a member
/// <c>"name": {"dtype": "F32", "shape": [m, k], "data_offsets": [begin, end]}</c> for every tensor and perhaps <c>"__metadata__"</c>; and the
/// elements, little-endian and row-major, without gaps. Source: the format's description at github.com/huggingface/safetensors.</remarks>
internal sealed record SafetensorsHeader(IReadOnlyList<SafetensorsEntry> Entries, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>The reference implementation's limit, against headers made to exhaust memory.</summary>
    private const int MaximumBytes = 100_000_000;

    public const string MetadataName = "__metadata__";

    /// <summary>The elements start on a multiple of this, so that a mapped file can be used as it is.</summary>
    private const int Alignment = 8;

    /// <summary>The header for tensors that lie one after another, padded with spaces.</summary>
    public static byte[] Format(IReadOnlyList<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata)
    {
        using var stream = new MemoryStream();

        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();

            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataName);

                foreach ((string name, string text) in metadata)
                    json.WriteString(name, text);

                json.WriteEndObject();
            }

            long offset = 0;

            foreach (SafetensorsEntry entry in entries)
            {
                Write(json, entry, offset);
                offset += entry.Bytes;
            }

            json.WriteEndObject();
        }

        while (stream.Length % Alignment != 0)
            stream.WriteByte((byte)' ');

        return stream.ToArray();
    }

    /// <exception cref="SafetensorsException">No reader would take a header of this length.</exception>
    public static void CheckLength(string file, ulong bytes)
    {
        if (bytes > MaximumBytes)
        {
            throw new SafetensorsException(
                file, $"header length {bytes} is above the format's limit of {MaximumBytes} bytes; is it a safetensors file?");
        }
    }

    /// <summary>Reads a header and checks everything it says.</summary>
    /// <param name="file">For errors.</param>
    /// <param name="json">The header.</param>
    /// <param name="dataBytes">How many bytes follow it; null where that is not known.</param>
    /// <exception cref="SafetensorsException">A rule of the format is broken.</exception>
    public static SafetensorsHeader Parse(string file, ReadOnlySpan<byte> json, long? dataBytes)
    {
        try
        {
            SafetensorsHeader header = new SafetensorsHeaderParser(file).Parse(json);
            CheckTiling(file, header.Entries, dataBytes);
            return header;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            // InvalidOperationException: an escaped half of a surrogate pair in a string.
            throw new SafetensorsException(file, $"the header is not valid JSON: {e.Message}", e);
        }
    }

    private static void Write(Utf8JsonWriter json, SafetensorsEntry entry, long offset)
    {
        json.WriteStartObject(entry.Name);
        json.WriteString("dtype", entry.Type);
        json.WriteStartArray("shape");

        foreach (long dimension in entry.Shape)
            json.WriteNumberValue(dimension);

        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        json.WriteNumberValue(offset + entry.Bytes);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The tensors must cover the data from its first byte to its last, each byte once.</summary>
    private static void CheckTiling(string file, IReadOnlyList<SafetensorsEntry> entries, long? dataBytes)
    {
        long end = 0;

        for (int i = 0; i < entries.Count; i++)
        {
            SafetensorsEntry entry = entries[i];

            if (entry.Offset < end)
            {
                throw new SafetensorsException(
                    file, $"tensor '{entry.Name}' begins at byte {entry.Offset}, within '{entries[i - 1].Name}', which ends at {end}");
            }

            if (entry.Offset > end)
                throw new SafetensorsException(file, $"no tensor covers the bytes from {end} to {entry.Offset}");

            end = entry.Offset + entry.Bytes;

            if (end > dataBytes)
                throw new SafetensorsException(file, $"tensor '{entry.Name}' ends at byte {end}; the file has {dataBytes} bytes of data");
        }

        if (end < dataBytes)
            throw new SafetensorsException(file, $"the tensors end at byte {end}; the file has {dataBytes} bytes of data");
    }
}
