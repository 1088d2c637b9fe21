using System.Text.Json;

namespace BlasNet.Cli.Prediction;

/// <summary>What predictions write often.</summary>
internal static class JsonWriting
{
    public static void WriteTexts(this Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
            json.WriteStringValue(text);

        json.WriteEndArray();
    }

    /// <summary>Writes a number; none where it is not finite, which JSON cannot say.</summary>
    public static void WriteFinite(this Utf8JsonWriter json, string name, double number)
    {
        if (double.IsFinite(number))
            json.WriteNumber(name, number);
    }

    /// <inheritdoc cref="WriteFinite(Utf8JsonWriter, string, double)"/>
    public static void WriteFinite(this Utf8JsonWriter json, string name, float number)
    {
        if (float.IsFinite(number))
            json.WriteNumber(name, number);
    }
}
