namespace BlasNet.Text.Files;

/// <summary>How a family of encoders names its tensors.</summary>
/// <param name="Name">Its <c>model_type</c>.</param>
/// <param name="ClassName">What the names of its <c>architectures</c> begin with.</param>
/// <param name="Modules">The module of the file for each layer of the model; <c>layers.*.</c> begins those that each Transformer layer has.</param>
/// <param name="Unused">Prefixes of tensors that are skipped: heads of the training, and positions as integers.</param>
internal sealed record Family(string Name, string ClassName, IReadOnlyDictionary<string, string> Modules, string[] Unused)
{
    private const string Layers = "layers.", AnyLayer = "layers.*.";

    private static readonly Family[] All =
    [
        new("bert", "Bert", BertModules("pooler.dense", "classifier"), ["embeddings.position_ids", "pooler.", "cls."]),
        new("roberta", "Roberta", BertModules("classifier.dense", "classifier.out_proj"),
            ["embeddings.position_ids", "embeddings.token_type_ids", "pooler.", "lm_head."]),
        new("distilbert", "DistilBert", DistilBertModules, ["vocab_transform.", "vocab_layer_norm.", "vocab_projector."]),
    ];

    private static Dictionary<string, string> BertModules(string dense, string output) => new()
    {
        [Head.Dense] = dense,
        [Head.Output] = output,
        [Head.Tags] = "classifier",
        ["embeddings.words"] = "embeddings.word_embeddings",
        ["embeddings.positions"] = "embeddings.position_embeddings",
        ["embeddings.types"] = "embeddings.token_type_embeddings",
        ["embeddings.norm"] = "embeddings.LayerNorm",
        [AnyLayer] = "encoder.layer.",
        [AnyLayer + "attention.Q"] = "attention.self.query",
        [AnyLayer + "attention.K"] = "attention.self.key",
        [AnyLayer + "attention.V"] = "attention.self.value",
        [AnyLayer + "attention.output"] = "attention.output.dense",
        [AnyLayer + "attended"] = "attention.output.LayerNorm",
        [AnyLayer + "up"] = "intermediate.dense",
        [AnyLayer + "down"] = "output.dense",
        [AnyLayer + "fed"] = "output.LayerNorm",
    };

    private static Dictionary<string, string> DistilBertModules => new()
    {
        [Head.Dense] = "pre_classifier",
        [Head.Output] = "classifier",
        [Head.Tags] = "classifier",
        ["embeddings.words"] = "embeddings.word_embeddings",
        ["embeddings.positions"] = "embeddings.position_embeddings",
        ["embeddings.norm"] = "embeddings.LayerNorm",
        [AnyLayer] = "transformer.layer.",
        [AnyLayer + "attention.Q"] = "attention.q_lin",
        [AnyLayer + "attention.K"] = "attention.k_lin",
        [AnyLayer + "attention.V"] = "attention.v_lin",
        [AnyLayer + "attention.output"] = "attention.out_lin",
        [AnyLayer + "attended"] = "sa_layer_norm",
        [AnyLayer + "up"] = "ffn.lin1",
        [AnyLayer + "down"] = "ffn.lin2",
        [AnyLayer + "fed"] = "output_layer_norm",
    };

    /// <summary>Prefix of the encoder's tensors in the file of a model with a head.</summary>
    public string Prefix => Name + ".";

    /// <summary>Prefixes of tensors of heads, which a model has beside its encoder.</summary>
    public static string[] Heads { get; } = ["classifier.", "pre_classifier.", "qa_outputs."];

    public static string Names => string.Join(", ", All.Select(family => family.Name));

    /// <summary>The name that a tensor has in a file: with the encoder's name before it, if it is the encoder's part of a model with a head.</summary>
    public string FullNameOf(string parameter, bool hasHead)
    {
        string tensor = TensorOf(parameter);
        return hasHead && !Array.Exists(Heads, start => tensor.StartsWith(start, StringComparison.Ordinal)) ? Prefix + tensor : tensor;
    }

    /// <returns>Null for a family that cannot be read.</returns>
    public static Family? Find(string name) => Array.Find(All, family => family.Name == name);

    /// <summary>The tensor that a parameter is read from: <c>layers.3.up.W</c> from <c>encoder.layer.3.intermediate.dense.weight</c>, and
    /// <c>layers.3.attention.bQ</c> from <c>encoder.layer.3.attention.self.query.bias</c>.</summary>
    public string TensorOf(string parameter)
    {
        int dot = parameter.LastIndexOf('.');
        string part = parameter[(dot + 1)..], kind = part[0] == 'b' ? ".bias" : ".weight";
        string module = part[^1] is 'Q' or 'K' or 'V' ? $"{parameter[..dot]}.{part[^1]}" : parameter[..dot];
        if (!module.StartsWith(Layers, StringComparison.Ordinal))
            return Modules[module] + kind;

        int end = module.IndexOf('.', Layers.Length);
        return Modules[AnyLayer] + module[Layers.Length..(end + 1)] + Modules[AnyLayer + module[(end + 1)..]] + kind;
    }
}
