namespace BlasNet.Text.Benchmarks;

/// <summary>One model in BlasNet and in ONNX Runtime, and the ways in which texts are brought to them.</summary>
internal sealed class EncoderWays : IDisposable
{
    public const string BlasNet = "BlasNet", OneByOne = "ONNX Runtime, one by one", Padded = "ONNX Runtime, 32 padded, as they come",
        Sorted = "ONNX Runtime, 8 padded, sorted by length";

    private readonly OnnxRuntimeEncoder _other;

    /// <param name="folder">A model's, with its <c>model.onnx</c>.</param>
    /// <param name="threads">For each product, in both.</param>
    /// <param name="options">BlasNet's.</param>
    public EncoderWays(string folder, int threads, TextEncoderOptions? options = null)
    {
        Encoder = TextEncoder.Load(folder, (options ?? new TextEncoderOptions()) with { Compute = new ComputeOptions { Threads = threads } });
        _other = new OnnxRuntimeEncoder(Path.Combine(folder, "model.onnx"), Encoder, threads);
    }

    public static IReadOnlyList<string> All { get; } = [BlasNet, OneByOne, Padded, Sorted];

    public TextEncoder Encoder { get; }

    public float[][] Embed(string way, IReadOnlyList<string> texts) => way switch
    {
        OneByOne => _other.Embed(texts, 1),
        Padded => _other.Embed(texts, 32),
        Sorted => _other.EmbedSorted(texts, 8),
        _ => Encoder.Embed(texts),
    };

    public void Dispose()
    {
        Encoder.Dispose();
        _other.Dispose();
    }
}
