namespace BlasNet.Text.Files;

/// <summary>The sizes of an encoder, from its <c>config.json</c>.</summary>
/// <param name="Family">BERT, DistilBERT or RoBERTa.</param>
/// <param name="Size">Length of a vector.</param>
/// <param name="Inner">Length of a vector between the two products of a layer.</param>
/// <param name="Layers">Number of Transformer layers.</param>
/// <param name="Heads">Attention heads of each.</param>
/// <param name="Vocabulary">Number of tokens.</param>
/// <param name="Positions">Number of positions that there are vectors for.</param>
/// <param name="Types">Number of types of sequences; 0 for none.</param>
/// <param name="FirstPosition">Position of the first token.</param>
/// <param name="Epsilon">Of the normalisations.</param>
/// <param name="Activation">As the file names it.</param>
/// <param name="Dropout">In training, the rate at which elements of vectors are dropped.</param>
/// <param name="AttentionDropout">In training, the rate at which weights of attention are dropped.</param>
internal sealed record EncoderConfiguration(
    Family Family, int Size, int Inner, int Layers, int Heads, int Vocabulary, int Positions, int Types, int FirstPosition, double Epsilon, string Activation,
    double Dropout, double AttentionDropout)
{
    /// <summary>Number of tokens of the longest text.</summary>
    public int MaximumTokens => Positions - FirstPosition;

    /// <summary>Floating-point operations of the products that a text needs: 2·(4·s² + 2·s·i) for each token in each layer, and 4·n·s for its
    /// attention.</summary>
    /// <param name="tokens">n.</param>
    public double FlopsOf(int tokens) => (double)Layers * tokens * (8.0 * Size * Size + 4.0 * Size * Inner + 4.0 * tokens * Size);

    /// <summary>Whether the second text of a pair is of the second type: RoBERTa has types and uses the first alone.</summary>
    public bool MarksSecond => Types > 1 && Family.Name == "bert";

    /// <summary>Numbers that the encoder's file must have.</summary>
    public Int128 Parameters =>
        ((Int128)Vocabulary + Positions + Types + 2) * Size + Layers * ((Int128)4 * Size * (Size + 1) + ((Int128)2 * Size + 1) * Inner + (Int128)5 * Size);

    /// <exception cref="TextModelException">The architecture is unknown, or a size is missing or makes no sense.</exception>
    public static EncoderConfiguration Read(JsonFile file)
    {
        string name = file.Text("model_type") ?? throw file.Error("'model_type' is missing");
        Family family = Family.Find(name) ?? throw file.Error($"'model_type' is {name}; {Family.Names} can be read");
        bool isDistilled = name == "distilbert";

        int size = file.Integer(null, 1, "hidden_size", "dim"), heads = file.Integer(null, 1, "num_attention_heads", "n_heads");
        file.Require(size % heads == 0, $"'num_attention_heads' must divide 'hidden_size' ({size}); it is {heads}");
        string positionType = file.Text("position_embedding_type") ?? "absolute";
        file.Require(positionType == "absolute", $"'position_embedding_type' is {positionType}; only absolute positions can be read");
        file.Require(!(isDistilled && file.Flag("sinusoidal_pos_embds") == true), "'sinusoidal_pos_embds' is true; only learned positions can be read");

        // RoBERTa's positions begin above its padding's.
        int positions = file.Integer(null, 1, "max_position_embeddings"), first = name == "roberta" ? file.Integer(1, 0, "pad_token_id") + 1 : 0;
        file.Require(positions - first >= 3, $"'max_position_embeddings' is {positions}, too few for a text of one token");
        string activation = file.Text("hidden_act", "activation") ?? "gelu";
        file.Require(EncoderModel.Activations.ContainsKey(activation),
            $"'hidden_act' is {activation}; {string.Join(", ", EncoderModel.Activations.Keys)} can be computed");

        return new EncoderConfiguration(
            family, size,
            Inner: file.Integer(null, 1, "intermediate_size", "hidden_dim"),
            Layers: file.Integer(null, 1, "num_hidden_layers", "n_layers"),
            heads,
            Vocabulary: file.Integer(null, 1, "vocab_size"),
            positions,
            Types: isDistilled ? 0 : file.Integer(2, 1, "type_vocab_size"),
            first,
            Epsilon: isDistilled ? 1e-12 : file.Positive(1e-12, "layer_norm_eps"),
            activation,
            Dropout: file.Rate(0.1, "hidden_dropout_prob", "dropout"),
            AttentionDropout: file.Rate(0.1, "attention_probs_dropout_prob", "attention_dropout"));
    }
}
