using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using BlasNet.Tests.Layers;
using BlasNet.Training;

namespace BlasNet.Tests.Text;

/// <summary>A small encoder with random weights: its folder, as others write it, and its values, from the papers' formulas in float64.</summary>
/// <remarks>Shares nothing with the library but the writer of safetensors files.</remarks>
internal sealed class SmallEncoder
{
    public const int Size = 12, Inner = 20, Layers = 2, Heads = 3, Vocabulary = 40, Positions = 70;

    private readonly string _family, _head;
    private readonly Random _random = new(5);

    /// <param name="family"><c>bert</c>, <c>distilbert</c> or <c>roberta</c>.</param>
    /// <param name="head"><c>Sequence</c>, <c>Token</c> or none.</param>
    /// <param name="labels">Of the head.</param>
    public SmallEncoder(string family, string head = "", int labels = 3)
    {
        (_family, _head, Labels) = (family, head, [.. Enumerable.Range(0, labels).Select(i => $"label {i}")]);
        Add("embeddings.word_embeddings.weight", Vocabulary, Size);
        Add("embeddings.position_embeddings.weight", Positions, Size);
        if (!IsDistilled)
            Add("embeddings.token_type_embeddings.weight", 2, Size);

        AddPair("embeddings.LayerNorm", Size);
        for (int i = 0; i < Layers; i++)
        {
            foreach (string product in IsDistilled ? (string[])["attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"]
                : ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"])
                AddPair(Layer(i) + product, Size, Size);

            AddPair(Layer(i) + Up, Inner, Size);
            AddPair(Layer(i) + Down, Size, Inner);
            AddPair(Layer(i) + Attended, Size);
            AddPair(Layer(i) + Fed, Size);
        }

        if (head == "Sequence")
            AddPair(Dense, Size, Size);

        if (head.Length > 0)
            AddPair(Output, labels, Size);
    }

    /// <summary>The tensors as files have them: row-major.</summary>
    public Dictionary<string, (long[] Shape, double[] Values)> Tensors { get; } = [];

    public string[] Labels { get; }

    private string Dense => _family switch { "bert" => "pooler.dense", "roberta" => "classifier.dense", _ => "pre_classifier" };

    private string Output => _family == "roberta" && _head == "Sequence" ? "classifier.out_proj" : "classifier";

    private bool IsDistilled => _family == "distilbert";

    private string Up => IsDistilled ? "ffn.lin1" : "intermediate.dense";

    private string Down => IsDistilled ? "ffn.lin2" : "output.dense";

    private string Attended => IsDistilled ? "sa_layer_norm" : "attention.output.LayerNorm";

    private string Fed => IsDistilled ? "output_layer_norm" : "output.LayerNorm";

    /// <summary>Writes everything that an encoder needs.</summary>
    public void Write(TemporaryFolder folder, string type = "F64")
    {
        folder.Write("config.json", Configuration().ToJsonString());
        folder.Write(_family == "roberta" ? "tokenizer.json" : "vocab.txt", _family == "roberta" ? BytePairTokenizer() : string.Join('\n', Words) + "\n");
        WriteWeights(folder.File("model.safetensors"), type, _head.Length > 0 ? _family + "." : "");
    }

    /// <summary>The name of a tensor in a file: those of the encoder have its name before theirs where there is a head.</summary>
    public string FileName(string tensor, string prefix) =>
        tensor.StartsWith("classifier", StringComparison.Ordinal) || tensor.StartsWith("pre_", StringComparison.Ordinal) ? tensor : prefix + tensor;

    public JsonObject Configuration()
    {
        JsonObject configuration = SizesOfFamily();
        if (_head.Length > 0)
        {
            string family = _family switch { "bert" => "Bert", "roberta" => "Roberta", _ => "DistilBert" };
            configuration["architectures"] = new JsonArray($"{family}For{_head}Classification");
            configuration["id2label"] = new JsonObject(Labels.Select((label, i) => KeyValuePair.Create($"{i}", (JsonNode?)label)));
        }

        return configuration;
    }

    private JsonObject SizesOfFamily() => IsDistilled
        ? new()
        {
            ["model_type"] = _family,
            ["dim"] = Size,
            ["hidden_dim"] = Inner,
            ["n_layers"] = Layers,
            ["n_heads"] = Heads,
            ["vocab_size"] = Vocabulary,
            ["max_position_embeddings"] = Positions,
            ["activation"] = "gelu",
        }
        : new()
        {
            ["model_type"] = _family,
            ["hidden_size"] = Size,
            ["intermediate_size"] = Inner,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["vocab_size"] = Vocabulary,
            ["max_position_embeddings"] = Positions,
            ["type_vocab_size"] = 2,
            ["hidden_act"] = "gelu",
            ["layer_norm_eps"] = 1e-5,
            ["pad_token_id"] = 1,
        };

    /// <summary>The words w0, w1, …; [UNK] is 0, [CLS] is 2, [SEP] is 3.</summary>
    public static IEnumerable<string> Words => Enumerable.Range(0, Vocabulary).Select(i => i switch
    {
        0 => "[UNK]",
        1 => "[PAD]",
        2 => "[CLS]",
        3 => "[SEP]",
        _ => string.Create(CultureInfo.InvariantCulture, $"w{i}"),
    });

    /// <param name="path">The file to make.</param>
    /// <param name="type">F64, F32, F16 or BF16; values are rounded, here too, to what the file then has.</param>
    /// <param name="prefix">Before the names of the encoder's tensors.</param>
    public void WriteWeights(string path, string type, string prefix = "")
    {
        foreach (double[] values in Tensors.Values.Select(tensor => tensor.Values))
        {
            for (int i = 0; i < values.Length; i++)
                values[i] = Rounded(values[i], type);
        }

        var entries = Tensors.Select(tensor => new SafetensorsEntry(FileName(tensor.Key, prefix), type, [.. tensor.Value.Shape]));
        using var writer = new SafetensorsWriter(path, [.. entries]);
        foreach (var (_, values) in Tensors.Values)
            writer.Append(Bytes(values, type));

        writer.Commit();
    }

    public static byte[] Bytes(double[] values, string type) => type switch
    {
        "F64" => [.. MemoryMarshal.AsBytes(values.AsSpan())],
        "F32" => [.. values.SelectMany(value => BitConverter.GetBytes((float)value))],
        "F16" => [.. values.SelectMany(value => BitConverter.GetBytes((Half)value))],
        _ => [.. values.SelectMany(value => BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits((float)value) >> 16)))],
    };

    /// <summary>A vector for each token. Devlin et al. 2019; Vaswani et al. 2017, section 3; Hendrycks, Gimpel 2016.</summary>
    public double[][] Encode(int[] tokens, int second = int.MaxValue)
    {
        int first = _family == "roberta" ? 2 : 0;
        double epsilon = IsDistilled ? 1e-12 : 1e-5;
        double[][] x = [.. tokens.Select((token, i) => Norm(
            Sum(Row("embeddings.word_embeddings", token), Row("embeddings.position_embeddings", first + i),
                IsDistilled ? new double[Size] : Row("embeddings.token_type_embeddings", i >= second && _family == "bert" ? 1 : 0)),
            "embeddings.LayerNorm"))];
        for (int layer = 0; layer < Layers; layer++)
            x = EncodeLayer(Layer(layer), x);

        return x;

        double[][] EncodeLayer(string layer, double[][] x)
        {
            string[] names = IsDistilled ? ["attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"]
                : ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"];
            double[][][] qkv = [.. names[..3].Select(name => x.Select(vector => Linear(layer + name, vector)).ToArray())];
            return [.. x.Select((vector, t) =>
            {
                double[] attended = Norm(Sum(vector, Linear(layer + names[3], Attend(qkv[0][t], qkv[1], qkv[2]))), layer + Attended);
                double[] hidden = Array.ConvertAll(Linear(layer + Up, attended), Gelu);
                return Norm(Sum(attended, Linear(layer + Down, hidden)), layer + Fed);
            })];
        }

        double[] Norm(double[] vector, string name) =>
            Formulas.LayerNormalization(vector, Tensors[name + ".weight"].Values, Tensors[name + ".bias"].Values, epsilon);
    }

    /// <summary>What the head makes of the first token's vector.</summary>
    public double[] Logits(int[] tokens, int second = int.MaxValue) => Linear(Output, Array.ConvertAll(
        Linear(Dense, Encode(tokens, second)[0]), value => IsDistilled ? Math.Max(0, value) : Math.Tanh(value)));

    /// <summary>What the head makes of some tokens' vectors.</summary>
    public double[][] LogitsOf(int[] tokens, int[] some)
    {
        double[][] vectors = Encode(tokens);
        return [.. some.Select(token => Linear(Output, vectors[token]))];
    }

    private static double[] Attend(double[] query, double[][] keys, double[][] values) =>
        [.. Enumerable.Range(0, Heads).SelectMany(head =>
        {
            Range rows = (head * Size / Heads)..((head + 1) * Size / Heads);
            return Formulas.Attention(query[rows], [.. keys.Select(key => key[rows])], [.. values.Select(value => value[rows])]);
        })];

    // x·Φ(x) = x·(1/2 + φ(x)·Σ x²ⁿ⁺¹/(2n + 1)!!). Source: Abramowitz, Stegun, 26.2.11.
    private static double Gelu(double x)
    {
        double term = x, sum = x;
        for (int n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
            sum += term *= x * x / (2 * n + 1);

        return x * (0.5 + Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI) * sum);
    }

    private static double Rounded(double value, string type) => type switch
    {
        "F64" => value,
        "F32" => (float)value,
        "F16" => (double)(Half)value,
        _ => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits((float)value) & 0xFFFF0000),
    };

    private static double[] Sum(params double[][] vectors) => [.. Enumerable.Range(0, Size).Select(i => vectors.Sum(vector => vector[i]))];

    private string Layer(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{(IsDistilled ? "transformer" : "encoder")}.layer.{number}.");

    private double[] Row(string name, int row) => Tensors[name + ".weight"].Values[(row * Size)..((row + 1) * Size)];

    private double[] Linear(string name, double[] x)
    {
        double[] w = Tensors[name + ".weight"].Values, b = Tensors[name + ".bias"].Values;
        return [.. b.Select((bias, i) => bias + x.Select((value, j) => w[i * x.Length + j] * value).Sum())];
    }

    private void AddPair(string module, params long[] shape)
    {
        Add(module + ".weight", shape);
        Add(module + ".bias", shape[0]);
    }

    private void Add(string name, params long[] shape) =>
        Tensors.Add(name, (shape, [.. Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(_ => (float)_random.NextDouble() - 0.4)]));

    /// <summary>Bytes a … z and the space, three pairs, and the special tokens of RoBERTa; the rest fills the vocabulary.</summary>
    private static string BytePairTokenizer()
    {
        string[] tokens = ["<s>", "<pad>", "</s>", "<unk>", .. Enumerable.Range('a', 26).Select(c => ((char)c).ToString()), "Ġ", "he", "Ġhe", "ll"];
        var vocabulary = new JsonObject();
        for (int i = 0; i < Vocabulary; i++)
            vocabulary[i < tokens.Length ? tokens[i] : string.Create(CultureInfo.InvariantCulture, $"unused{i}")] = i;

        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(new JsonObject { ["id"] = 2, ["content"] = "</s>", ["special"] = true }),
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray("h e", "Ġ he", "l l"),
            },
        }.ToJsonString();
    }
}
