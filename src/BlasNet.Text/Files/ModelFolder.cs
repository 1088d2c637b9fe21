using System.Text.Json;
using BlasNet.Text.Tokenization;

namespace BlasNet.Text.Files;

/// <summary>The files of a model as Hugging Face and Sentence Transformers lay them out.</summary>
internal sealed class ModelFolder
{
    /// <summary>What is kept to be written again as it is.</summary>
    private static readonly string[] Copied =
    [
        "tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "special_tokens_map.json", "added_tokens.json", "config_sentence_transformers.json",
    ];

    private readonly string _root, _transformer;
    private readonly JsonFile? _pooling, _sentences;

    /// <exception cref="TextModelException">There is no such folder, or it asks for steps that are not known.</exception>
    public ModelFolder(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Directory.Exists(path))
            throw new TextModelException(path, "there is no such folder");

        (_root, _transformer, string pooling) = (path, path, "1_Pooling");
        if (TryReadJson(path, "modules.json") is { } modules)
            (_transformer, pooling, Normalizes) = ReadModules(modules);

        _pooling = pooling.Length > 0 ? TryReadJson(Path.Combine(path, pooling), "config.json") : null;
        _sentences = TryReadJson(_transformer, "sentence_bert_config.json");
        Configuration = JsonFile.Read(Require("config.json"));
        TokenizerSettings = TryReadJson(_transformer, "tokenizer_config.json");
        Copies = [.. Copied.Select(name => (name, Path.Combine(_transformer, name))).Where(file => File.Exists(file.Item2)).Select(Keep)];
    }

    /// <summary>The name of the folder.</summary>
    public string Name => new DirectoryInfo(_root).Name;

    /// <summary>The <c>config.json</c>.</summary>
    public JsonFile Configuration { get; }

    /// <summary>The <c>tokenizer_config.json</c>; null if there is none.</summary>
    public JsonFile? TokenizerSettings { get; }

    /// <summary>The files of the tokenizer, by name.</summary>
    public IReadOnlyList<(string Name, byte[] Content)> Copies { get; }

    /// <summary>Whether the last step of <c>modules.json</c> gives vectors length 1.</summary>
    public bool Normalizes { get; }

    /// <summary>The settings of the encoder.</summary>
    public EncoderConfiguration ReadConfiguration() => EncoderConfiguration.Read(Configuration);

    /// <summary>How the vectors of tokens become one; the mean where nothing is said.</summary>
    public Pooling ReadPooling()
    {
        if (_pooling is not { } file)
            return Pooling.Mean;

        const string Start = "pooling_mode_";
        string[] chosen = [.. file.Members()
            .Where(member => member.Value.ValueKind == JsonValueKind.True && member.Name.StartsWith(Start, StringComparison.Ordinal))
            .Select(member => member.Name)];
        return chosen switch
        {
            ["pooling_mode_mean_tokens"] => Pooling.Mean,
            ["pooling_mode_cls_token"] => Pooling.First,
            ["pooling_mode_max_tokens"] => Pooling.Max,
            _ => throw file.Error(
                $"one of {Start}mean_tokens, {Start}cls_token and {Start}max_tokens must be true and no other; {string.Join(", ", chosen)} is"),
        };
    }

    /// <summary>Number of tokens of the longest text, those that begin and end it included.</summary>
    public int ReadMaximumTokens(int positions)
    {
        if (_sentences is { } file && file.Find("max_seq_length") is not null)
            return Math.Min(positions, file.Integer(null, 3, "max_seq_length"));

        // Where nobody has set it this file has 10³⁰.
        double limit = TokenizerSettings?.Positive(positions, "model_max_length") ?? positions;
        return (int)Math.Clamp(limit, 3, positions);
    }

    /// <summary>The tokenizer of <c>tokenizer.json</c> or <c>vocab.txt</c>, whose vocabulary must be the encoder's.</summary>
    public TextTokenizer ReadTokenizer(int vocabulary)
    {
        string json = Path.Combine(_transformer, "tokenizer.json"), words = Path.Combine(_transformer, "vocab.txt");
        bool isJson = File.Exists(json);
        if (!isJson && !File.Exists(words))
            throw new TextModelException(_transformer, "has neither tokenizer.json nor vocab.txt");

        TextTokenizer tokenizer = isJson
            ? Vocabulary.Checked(json, () => TokenizerFile.Read(JsonFile.Read(json)))
            : WordPieces.Read(words, TokenizerSettings);
        tokenizer.LowersFirst = _sentences?.Flag("do_lower_case") == true;
        return tokenizer.VocabularySize == vocabulary ? tokenizer
            : throw new TextModelException(
                isJson ? json : words, $"has {tokenizer.VocabularySize} tokens; config.json says that 'vocab_size' is {vocabulary}");
    }

    /// <summary>The weights: <c>model.safetensors</c>, or <c>model.onnx</c> where that is missing.</summary>
    public TensorFile OpenWeights()
    {
        string safetensors = Path.Combine(_transformer, "model.safetensors");
        if (File.Exists(safetensors))
            return new SafetensorsFile(safetensors);

        string[] onnx = [Path.Combine(_transformer, "model.onnx"), Path.Combine(_transformer, "onnx", "model.onnx")];
        return Array.Find(onnx, File.Exists) is { } found ? new OnnxFile(found)
            : throw new TextModelException(_transformer, "has neither model.safetensors nor model.onnx nor onnx/model.onnx");
    }

    private static (string Name, byte[] Content) Keep((string Name, string Path) file)
    {
        try
        {
            return new FileInfo(file.Path).Length <= JsonFile.MaximumBytes ? (file.Name, File.ReadAllBytes(file.Path))
                : throw new TextModelException(file.Path, $"a file of a tokenizer has at most {JsonFile.MaximumBytes} bytes");
        }
        catch (Exception e) when (e is (IOException or UnauthorizedAccessException) and not TextModelException)
        {
            throw new TextModelException(file.Path, $"cannot be read: {e.Message}", e);
        }
    }

    private static JsonFile? TryReadJson(string folder, string name) =>
        Path.Combine(folder, name) is var path && File.Exists(path) ? JsonFile.Read(path) : null;

    private string Require(string name) => Path.Combine(_transformer, name) is var path && File.Exists(path)
        ? path
        : throw new TextModelException(_transformer, $"has no {name}");

    private (string Transformer, string Pooling, bool Normalizes) ReadModules(JsonFile file)
    {
        file.Require(file.Value.ValueKind == JsonValueKind.Array, "an array is expected");
        (string transformer, string pooling, bool normalizes) = (_root, "", false);
        foreach (JsonElement element in file.Value.EnumerateArray())
        {
            var module = new JsonFile(file.File, element);
            string type = module.Text("type") ?? throw file.Error("'type' of a module is missing"), path = module.Text("path") ?? "";
            file.Require(path == Path.GetFileName(path) && path != "..", $"'path' must be the name of a folder in this one, not {path}");
            switch (type[(type.LastIndexOf('.') + 1)..])
            {
                case "Transformer":
                    transformer = path.Length == 0 ? _root : Path.Combine(_root, path);
                    break;
                case "Pooling":
                    pooling = path;
                    break;
                case "Normalize":
                    normalizes = true;
                    break;
                default:
                    throw file.Error($"a module is of the type {type}; Transformer, Pooling and Normalize are known");
            }
        }

        return (transformer, pooling, normalizes);
    }
}
