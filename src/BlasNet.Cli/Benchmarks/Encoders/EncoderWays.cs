using System.Numerics.Tensors;
using BlasNet.Text;

namespace BlasNet.Cli.Benchmarks.Encoders;

/// <summary>A way in which texts become vectors.</summary>
/// <param name="Name">In results.</param>
/// <param name="Embed">Tokens made of texts included.</param>
internal sealed record EncoderWay(string Name, Func<IReadOnlyList<string>, CancellationToken, float[][]> Embed);

/// <summary>The ways that are compared: BlasNet as texts come, and those in which texts are brought to a peer that pads them.</summary>
internal static class EncoderWays
{
    public const string BlasNet = "BlasNet";

    private const int Padded = 32, Sorted = 8;

    /// <summary>BlasNet's way, the first one, and a peer's: one text at a time, some as they come, and some of similar length.</summary>
    public static IReadOnlyList<EncoderWay> Of(TextEncoder encoder, PeerEncoder? peer)
    {
        var own = new EncoderWay(BlasNet, encoder.Embed);
        return peer is null ? [own]
            : [
                own,
                new($"{peer.Name}, one by one", (texts, cancellation) => Embed(TokensOf(texts), 1, cancellation)),
                new($"{peer.Name}, {Padded} padded, as they come", (texts, cancellation) => Embed(TokensOf(texts), Padded, cancellation)),
                new($"{peer.Name}, {Sorted} padded, sorted by length", EmbedSorted),
            ];

        // As many as BlasNet takes of a long text.
        int[][] TokensOf(IReadOnlyList<string> texts) => [.. texts.Select(text => encoder.Windows(text)[0])];

        float[][] Embed(int[][] texts, int batch, CancellationToken cancellation) => [.. texts.Chunk(batch).SelectMany(part =>
        {
            cancellation.ThrowIfCancellationRequested();
            return peer!.Embed(part);
        })];

        float[][] EmbedSorted(IReadOnlyList<string> texts, CancellationToken cancellation)
        {
            (int[] Tokens, int Place)[] sorted = [.. TokensOf(texts).Select((tokens, place) => (tokens, place)).OrderBy(text => text.tokens.Length)];
            float[][] computed = Embed([.. sorted.Select(text => text.Tokens)], Sorted, cancellation), vectors = new float[sorted.Length][];
            for (int i = 0; i < sorted.Length; i++)
                vectors[sorted[i].Place] = computed[i];

            return vectors;
        }
    }

    /// <summary>The least cosine of the two vectors that two ways give for one text.</summary>
    public static double LeastCosine(float[][] some, float[][] others) => some.Zip(others, (a, b) => TensorPrimitives.CosineSimilarity<double>(
        Array.ConvertAll(a, value => (double)value), Array.ConvertAll(b, value => (double)value))).Min();
}
