namespace BlasNet.Text;

/// <summary>What a <see cref="TextEncoder"/> does differently from what its folder says.</summary>
public sealed record TextEncoderOptions
{
    /// <summary>How the vectors of tokens become one; null for what <c>1_Pooling/config.json</c> says, or the mean where there is none.</summary>
    public Pooling? Pooling { get; init; }

    /// <summary>Whether vectors have length 1; null for what <c>modules.json</c> says, or false where there is none.</summary>
    public bool? Normalize { get; init; }

    /// <summary>Number of tokens of the longest text, those that begin and end it included; null for what the folder says.</summary>
    public int? MaximumTokens { get; init; }

    /// <summary>What is done with texts of more tokens than <see cref="MaximumTokens"/>.</summary>
    public LongTexts LongTexts { get; init; }

    /// <summary>Whether training drops what <c>config.json</c> says, at BERT's places: elements of the embeddings, of what attention and the second product
    /// of a layer give, weights of attention, and what a head is given. Computing vectors never does.</summary>
    public bool Dropout { get; init; }

    /// <summary>Whether weights of the model's precision stay in their file, which is mapped into memory, until something would change them: then a model is
    /// there at once, and processes that use the same one share its memory. All weights that lie as they are needed: those of <c>model.onnx</c>, of
    /// <c>model.safetensors</c> tables and biases. The file may be replaced meanwhile, as <see cref="TextEncoder.Save"/> does, but neither cut nor
    /// overwritten. By default true, except on Windows, where a mapped file cannot be replaced.</summary>
    public bool MapsWeights { get; init; } = !OperatingSystem.IsWindows();

    /// <summary>Low-rank adapters, to be trained in the place of the weights; null for none.</summary>
    public LowRankOptions? Adapters { get; init; }

    /// <summary>What the first values of adapters and heads, the order of examples and dropout are computed from.</summary>
    public int Seed { get; init; }

    /// <summary>About how many tokens a thread computes at once. Changes no vector but for rounding.</summary>
    /// <remarks>So few that what lies between two layers stays in the second-level cache: sentences in MiniLM took 4.33 s at 256 and 4.51 s at 512 to 1,024
    /// (Zen 4, 1 MB).</remarks>
    public int BatchTokens { get; init; } = 256;

    /// <summary>How vectors, and what heads make of them, are computed; a trainer of the encoder has options of its own.</summary>
    public ComputeOptions Compute { get; init; } = new();
}
