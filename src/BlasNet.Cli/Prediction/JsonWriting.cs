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
}
