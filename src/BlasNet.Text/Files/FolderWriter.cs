using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BlasNet.Text.Files;

/// <summary>Writes a model's folder as Hugging Face and Sentence Transformers lay it out.</summary>
internal static class FolderWriter
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <param name="path">The folder to make or to replace.</param>
    /// <param name="encoder">The encoder.</param>
    /// <param name="head">What is above it; null for the encoder alone, which is then written with its pooling.</param>
    /// <exception cref="ArithmeticException">A parameter is infinite or NaN.</exception>
    /// <exception cref="IOException">The folder cannot be written, or is there and not a model's.</exception>
    public static void Write(string path, TextEncoder encoder, Head? head)
    {
        using var folder = new AtomicFolder(path);
        Write(folder, "config.json", ConfigurationOf(encoder, head));
        foreach ((string name, byte[] content) in encoder.Files.Copies)
            folder.Write(name, content);

        Write(folder, "tokenizer_config.json", With(encoder.Files.TokenizerSettings, ("model_max_length", encoder.MaximumTokens)));
        Write(folder, "sentence_bert_config.json", new JsonObject
        {
            ["max_seq_length"] = encoder.MaximumTokens,
            ["do_lower_case"] = encoder.Tokenizer.LowersFirst,
        });
        if (head is null)
        {
            Write(folder, "modules.json", ModulesOf(encoder.Options.Normalize == true));
            Write(folder, "1_Pooling/config.json", PoolingOf(encoder));
        }

        WeightWriter.Write(Path.Combine(folder.Path, "model.safetensors"), encoder, head);
        folder.Commit();
    }

    private static JsonObject ConfigurationOf(TextEncoder encoder, Head? head)
    {
        JsonObject configuration = With(
            encoder.Files.Configuration,
            ("architectures", new JsonArray(encoder.Sizes.Family.ClassName + (head?.About.Suffix ?? "Model"))),
            ("torch_dtype", encoder.Model.Precision == Precision.Single ? "float32" : "float64"));
        foreach (string name in (string[])["id2label", "label2id", "num_labels"])
            configuration.Remove(name);

        if (head is not null)
        {
            JsonObject names = [], numbers = [];
            foreach ((int number, string label) in head.About.Labels.Index())
            {
                names[number.ToString(CultureInfo.InvariantCulture)] = label;
                numbers[label] = number;
            }

            (configuration["id2label"], configuration["label2id"]) = (names, numbers);
        }

        return configuration;
    }

    private static JsonArray ModulesOf(bool normalizes)
    {
        (string Path, string Type)[] modules =
            [("", "Transformer"), ("1_Pooling", "Pooling"), .. normalizes ? ((string, string)[])[("2_Normalize", "Normalize")] : []];
        return [.. modules.Select((module, i) => new JsonObject
        {
            ["idx"] = i,
            ["name"] = i.ToString(CultureInfo.InvariantCulture),
            ["path"] = module.Path,
            ["type"] = $"sentence_transformers.models.{module.Type}",
        })];
    }

    private static JsonObject PoolingOf(TextEncoder encoder) => new()
    {
        ["word_embedding_dimension"] = encoder.Dimensions,
        ["pooling_mode_cls_token"] = encoder.Options.Pooling == Pooling.First,
        ["pooling_mode_mean_tokens"] = encoder.Options.Pooling == Pooling.Mean,
        ["pooling_mode_max_tokens"] = encoder.Options.Pooling == Pooling.Max,
        ["pooling_mode_mean_sqrt_len_tokens"] = false,
    };

    // A file that was read, with some members replaced.
    private static JsonObject With(JsonFile? file, params ReadOnlySpan<(string Name, JsonNode Value)> members)
    {
        JsonObject copy = file is { } given ? JsonObject.Create(given.Value)! : [];
        foreach ((string name, JsonNode value) in members)
            copy[name] = value;

        return copy;
    }

    private static void Write(AtomicFolder folder, string name, JsonNode content) =>
        folder.Write(name, Encoding.UTF8.GetBytes(content.ToJsonString(Indented) + "\n"));
}
