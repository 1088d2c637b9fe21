using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using BlasNet.Cli.CommandLine;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Cli.Prediction;

/// <summary>What the file of <c>train --save</c> says of a model besides its parameters: enough to make it again.</summary>
/// <param name="Kind">The command that trained it: <c>tagger</c>, <c>lm</c>, ….</param>
/// <param name="Sizes">By name.</param>
/// <remarks>Kept in the metadata of the safetensors format, whose values are texts: here JSON.</remarks>
internal sealed record ModelCard(string Kind, IReadOnlyDictionary<string, int> Sizes)
{
    private const string KindKey = "blasnet.model", SizesKey = "blasnet.sizes", HiddenKey = "blasnet.hidden", VocabularyKey = "blasnet.vocabulary.";

    /// <summary>Words, tags, labels, characters by their numbers.</summary>
    public IReadOnlyDictionary<string, Vocabulary> Vocabularies { get; init; } = new Dictionary<string, Vocabulary>();

    /// <summary>Lengths of the hidden layers, where a model has any number of them.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [];

    /// <summary>The file that it was read from.</summary>
    public string File { get; private init; } = "";

    /// <exception cref="CommandException">The file cannot be read, or says nothing of its model.</exception>
    public static ModelCard Read(string file)
    {
        try
        {
            using var reader = new SafetensorsReader(file);
            IReadOnlyDictionary<string, string> metadata = reader.Metadata;
            if (!metadata.TryGetValue(KindKey, out string? kind))
                throw new CommandException($"{file}: does not say what model it is of; a file that blasnet train --save has written is expected.");

            return new ModelCard(kind, Parse(metadata, SizesKey, CardJson.Default.DictionaryStringInt32, file))
            {
                Hidden = metadata.ContainsKey(HiddenKey) ? Parse(metadata, HiddenKey, CardJson.Default.Int32Array, file) : [],
                Vocabularies = metadata.Keys.Where(key => key.StartsWith(VocabularyKey, StringComparison.Ordinal)).ToDictionary(
                    key => key[VocabularyKey.Length..], key => Vocabulary.Of(Parse(metadata, key, CardJson.Default.StringArray, file))),
                File = file,
            };
        }
        catch (SafetensorsException e)
        {
            throw new CommandException(e.Message);
        }
        catch (ArgumentException e)
        {
            throw new CommandException($"{file}: {e.Message}");
        }
    }

    public Dictionary<string, string> ToMetadata()
    {
        var metadata = new Dictionary<string, string>
        {
            [KindKey] = Kind,
            [SizesKey] = JsonSerializer.Serialize(Sizes.ToDictionary(), CardJson.Default.DictionaryStringInt32),
        };
        if (Hidden.Count > 0)
            metadata[HiddenKey] = JsonSerializer.Serialize([.. Hidden], CardJson.Default.Int32Array);

        foreach ((string name, Vocabulary words) in Vocabularies)
            metadata[VocabularyKey + name] = JsonSerializer.Serialize([.. Enumerable.Range(0, words.Count).Select(words.WordAt)], CardJson.Default.StringArray);

        return metadata;
    }

    /// <exception cref="CommandException">The file says no such size, or not a possible one.</exception>
    public int SizeOf(string name) => Sizes.TryGetValue(name, out int size) && size > 0 ? size
        : throw new CommandException($"{File}: says no size '{name}' of its {Kind}.");

    /// <exception cref="CommandException">The file has no such vocabulary.</exception>
    public Vocabulary VocabularyOf(string name) => Vocabularies.TryGetValue(name, out Vocabulary? words) ? words
        : throw new CommandException($"{File}: has no vocabulary '{name}' for its {Kind}.");

    private static T Parse<T>(IReadOnlyDictionary<string, string> metadata, string key, JsonTypeInfo<T> type, string file)
    {
        try
        {
            return (metadata.TryGetValue(key, out string? text) ? JsonSerializer.Deserialize(text, type) : default)
                ?? throw new CommandException($"{file}: its metadata has no {key}.");
        }
        catch (JsonException e)
        {
            throw new CommandException($"{file}: {key} of its metadata is damaged: {e.Message}");
        }
    }
}

[JsonSerializable(typeof(Dictionary<string, int>))]
[JsonSerializable(typeof(int[]))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class CardJson : JsonSerializerContext;
