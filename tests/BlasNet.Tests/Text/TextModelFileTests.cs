using System.Text.Json.Nodes;
using BlasNet.Text;
using BlasNet.Training;

namespace BlasNet.Tests.Text;

/// <summary>Folders that are not what they should be: one error, which names the file and the rule.</summary>
public sealed class TextModelFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string, string> Configurations => new()
    {
        { "model_type", "\"gpt2\"", "'model_type' is gpt2; bert, roberta, distilbert can be read" },
        { "model_type", "null", "'model_type' is missing" },
        { "model_type", "7", "'model_type' must be a string, not 7" },
        { "hidden_size", "null", "'hidden_size' is missing" },
        { "hidden_size", "13", "'num_attention_heads' must divide 'hidden_size' (13); it is 3" },
        { "hidden_size", "-12", "'hidden_size' must be an integer from 1 to 10000000, not -12" },
        { "hidden_size", "12.5", "'hidden_size' must be an integer from 1 to 10000000, not 12.5" },
        { "num_hidden_layers", "99999999999", "'num_hidden_layers' must be an integer from 1 to 10000000, not 99999999999" },
        { "max_position_embeddings", "2", "'max_position_embeddings' is 2, too few for a text of one token" },
        { "layer_norm_eps", "0", "'layer_norm_eps' must be a number above 0, not 0" },
        { "hidden_act", "\"silu\"", "'hidden_act' is silu; gelu, relu can be computed" },
        { "position_embedding_type", "\"relative_key\"", "'position_embedding_type' is relative_key; only absolute positions can be read" },
    };

    public static TheoryData<string, string, string> Folders => new()
    {
        { "config.json", "{", "is not valid JSON" },
        { "config.json", "[]", "an object is expected" },
        { "vocab.txt", "[UNK]\n[CLS]\n[UNK]\n", "line 3: '[UNK]' is on line 1, too" },
        { "vocab.txt", "[UNK]\n[SEP]\nw\n", "has no token [CLS], which every text needs" },
        { "vocab.txt", "[UNK]\n[SEP]\n[CLS]\n", "has 3 tokens; config.json says that 'vocab_size' is 40" },
        { "tokenizer.json", "{}", "'model' is missing" },
        { "tokenizer.json", """{"model": {"type": "Unigram", "vocab": {}}}""", "'model' is of the type Unigram; WordPiece and BPE can be read" },
        { "tokenizer.json", """{"model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "[CLS]": 5}}, "normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"}}""",
            "the numbers of 2 tokens must be 0 to 1, each once; '[CLS]' has 5" },
        { "tokenizer.json", """{"model": {"type": "WordPiece", "vocab": {"[UNK]": 0}}, "normalizer": {"type": "Lowercase"}}""",
            "'normalizer' of a model of word pieces must be a BertNormalizer" },
        { "modules.json", """[{"type": "sentence_transformers.models.Dense", "path": "2_Dense"}]""",
            "a module is of the type sentence_transformers.models.Dense; Transformer, Pooling and Normalize are known" },
        { "modules.json", """[{"type": "Transformer", "path": "../elsewhere"}]""", "'path' must be the name of a folder in this one, not ../elsewhere" },
        { "1_Pooling/config.json", "[]", "an object is expected" },
        { "1_Pooling/config.json", """{"pooling_mode_lasttoken": true}""",
            "one of pooling_mode_mean_tokens, pooling_mode_cls_token and pooling_mode_max_tokens must be true and no other; pooling_mode_lasttoken is" },
    };

    [Theory, MemberData(nameof(Configurations))]
    public void A_configuration_that_cannot_be_computed_is_refused(string member, string value, string rule)
    {
        var small = new SmallEncoder("bert");
        small.Write(_folder);
        JsonObject configuration = small.Configuration();
        configuration[member] = JsonNode.Parse(value);
        Refused(_folder.Write("config.json", configuration.ToJsonString()), rule);
    }

    [Theory, MemberData(nameof(Folders))]
    public void A_file_that_breaks_a_rule_is_refused(string name, string content, string rule)
    {
        new SmallEncoder("bert").Write(_folder);
        Directory.CreateDirectory(_folder.File("1_Pooling"));
        Refused(_folder.Write(name, content), rule);
    }

    [Fact]
    public void A_tensor_that_is_missing_too_many_or_of_another_shape_is_named()
    {
        var small = new SmallEncoder("bert");
        small.Write(_folder);
        const string Up = "encoder.layer.1.intermediate.dense.weight";
        string file = _folder.File("model.safetensors");

        var whole = small.Tensors[Up];
        small.Tensors[Up] = ([12, 20], whole.Values);
        RefusedWeights($"tensor {Up} [12, 20] must have the shape [20, 12], which follows from config.json");

        small.Tensors.Remove(Up);
        RefusedWeights($"has no tensor '{Up}', which bert has");

        small.Tensors[Up] = whole;
        small.Tensors["encoder.layer.2.output.dense.bias"] = ([12], new double[12]);
        RefusedWeights("tensor encoder.layer.2.output.dense.bias [12] is not part of bert with the layers that config.json says");

        small.Tensors.Remove("encoder.layer.2.output.dense.bias");
        small.Tensors["bert." + Up] = whole;
        RefusedWeights($"tensor '{Up}' occurs twice, with and without 'bert.' before it");

        small.Tensors.Remove("bert." + Up);
        small.Tensors["pooler.dense.weight"] = ([12, 12], new double[144]);   // of training, and of no use for vectors
        small.WriteWeights(file, "F32");
        TextEncoder.Load(_folder.Path).Dispose();

        void RefusedWeights(string rule)
        {
            small.WriteWeights(file, "F64");
            Refused(file, rule);
        }
    }

    [Fact]
    public void A_configuration_that_asks_for_more_than_the_file_has_allocates_nothing()
    {
        var small = new SmallEncoder("bert");
        small.Write(_folder);
        JsonObject configuration = small.Configuration();
        configuration["num_hidden_layers"] = 9_000_000;
        configuration["intermediate_size"] = 9_000_000;
        _folder.Write("config.json", configuration.ToJsonString());
        Refused(_folder.File("model.safetensors"), "is too short for the 2025006156001368 numbers that config.json asks for");
    }

    [Fact]
    public void A_folder_without_weights_words_or_configuration_says_so()
    {
        Assert.Equal("nowhere: there is no such folder", Assert.Throws<TextModelException>(() => TextEncoder.Load("nowhere")).Message);
        var small = new SmallEncoder("roberta");
        Refused(_folder.Path, "has no config.json");
        _folder.Write("config.json", small.Configuration().ToJsonString());
        Refused(_folder.Path, "has neither tokenizer.json nor vocab.txt");
        small.Write(_folder);
        File.Delete(_folder.File("model.safetensors"));
        Refused(_folder.Path, "has neither model.safetensors nor model.onnx nor onnx/model.onnx");
    }

    [Fact]
    public void Weights_in_another_file_or_of_integers_are_refused()
    {
        var small = new SmallEncoder("bert");
        small.Write(_folder, "F32");
        File.Delete(_folder.File("model.safetensors"));
        byte[] whole = new OnnxWriter("F32", asNumbers: false).Write(small.Tensors);
        Refused(_folder.Write("model.onnx", [.. whole, 7]), "is not an ONNX model");   // a tag alone
        Refused(_folder.Write("model.onnx", []), "has no graph: is it an ONNX model?");
        Refused(_folder.Write("model.onnx", whole.AsSpan(..^5)), "is not an ONNX model");
        Refused(_folder.Write("model.onnx", new byte[50_000]), "is not an ONNX model");
        Refused(_folder.Write("model.onnx", new OnnxWriter("F32", asNumbers: false) { ElementType = 3 }.Write(small.Tensors)),
            "tensor embeddings.word_embeddings.weight [40, 12] has the element type 3; 1 (float), 10 and 16 (half precision) can be read");
        Refused(_folder.Write("model.onnx", new OnnxWriter("F16", asNumbers: false) { ElementType = 1 }.Write(small.Tensors)),
            "tensor embeddings.word_embeddings.weight [40, 12] needs 1920 bytes; it has 960");
        Refused(_folder.Write("model.onnx", new OnnxWriter("F32", asNumbers: false) { IsElsewhere = true }.Write(small.Tensors)),
            "tensor embeddings.word_embeddings.weight [40, 12] is in another file; weights must be in the model's own");
    }

    [Theory, InlineData("config.json"), InlineData("vocab.txt"), InlineData("tokenizer.json"), InlineData("model.safetensors"), InlineData("model.onnx")]
    public void Truncated_and_damaged_files_are_refused_or_read_and_never_crash(string name)
    {
        var small = new SmallEncoder(name == "tokenizer.json" ? "roberta" : "bert");
        small.Write(_folder, "F32");
        if (name == "model.onnx")
        {
            File.Delete(_folder.File("model.safetensors"));
            _folder.Write(name, new OnnxWriter("F32", asNumbers: true).Write(small.Tensors));
        }

        byte[] whole = File.ReadAllBytes(_folder.File(name));
        var random = new Random(1);
        for (int i = 0; i < 150; i++)
        {
            byte[] broken = i % 2 == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
            if (i % 2 == 1)
            {
                int place = random.Next(Math.Min(whole.Length, 3000));
                broken[place] = (byte)random.Next(256);
            }

            _folder.Write(name, broken);
            try
            {
                TextEncoder.Load(_folder.Path).Dispose();
            }
            catch (IOException)
            {
            }
        }
    }

    public void Dispose() => _folder.Dispose();

    private void Refused(string file, string rule)
    {
        IOException error = Assert.ThrowsAny<IOException>(() => TextEncoder.Load(_folder.Path));
        Assert.StartsWith($"{file}: {rule}", error.Message, StringComparison.Ordinal);
        Assert.True(error is TextModelException or SafetensorsException);
    }
}
