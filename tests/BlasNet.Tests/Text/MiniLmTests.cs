using BlasNet.Text;

namespace BlasNet.Tests.Text;

/// <summary>A pretrained encoder, all-MiniLM-L6-v2, which the build fetches; <c>dotnet cake --target=Test</c> does.</summary>
public sealed class MiniLmTests(MiniLm model) : IClassFixture<MiniLm>
{
    // The first numbers of the vectors that ONNX Runtime 1.30 gives, which had the tokens from BERT's word list by hand.
    public static TheoryData<string, int[], float[]> Known => new()
    {
        { "Hello, world!", [101, 7592, 1010, 2088, 999, 102], [-0.038177f, 0.032911f, -0.005459f, 0.014370f, -0.040291f, -0.116532f, 0.031688f, 0.001912f] },
        { "x", [101, 1060, 102], [-0.097910f, -0.064001f, -0.023181f, -0.046197f, 0.021700f, -0.028492f, 0.154854f, 0.054404f] },
        {
            "The quick brown fox jumps over the lazy dog, and nobody is surprised.",
            [101, 1996, 4248, 2829, 4419, 14523, 2058, 1996, 13971, 3899, 1010, 1998, 6343, 2003, 4527, 1012, 102],
            [0.054884f, 0.057412f, 0.049158f, 0.051309f, 0.037591f, -0.063994f, 0.001178f, -0.020871f]
        },
    };

    [Theory, MemberData(nameof(Known))]
    public void A_pretrained_encoder_gives_the_vectors_that_others_compute(string text, int[] tokens, float[] start)
    {
        TextEncoder encoder = model.Encoder;
        Assert.Equal((384, 256, true), (encoder.Dimensions, encoder.MaximumTokens, encoder.Options.Normalize));
        Assert.Equal(tokens, encoder.Tokenize(text));
        float[][] vectors = encoder.Embed(["something else", text, "and more of it, of another length"], TestContext.Current.CancellationToken);
        Assert.Equal(1, vectors[1].Sum(value => value * value), 1e-5f);
        for (int i = 0; i < start.Length; i++)
            Assert.Equal(start[i], vectors[1][i], 2e-6f);
    }

    [Fact]
    public void Texts_that_say_the_same_are_nearer_than_others()
    {
        TextEncoder encoder = model.Encoder;
        float[][] vectors = encoder.Embed(["A man is eating food.", "Someone eats a meal.", "The stock market fell."], TestContext.Current.CancellationToken);
        Assert.True(Dot(vectors[0], vectors[1]) > 0.5 + Dot(vectors[0], vectors[2]));

        static float Dot(float[] a, float[] b) => a.Zip(b, (x, y) => x * y).Sum();
    }
}

/// <summary>The encoder, loaded once.</summary>
public sealed class MiniLm : IDisposable
{
    private static readonly string Folder = Path.Combine(Repository.Root, "artifacts", "models", "all-MiniLM-L6-v2");

    private readonly TextEncoder? _encoder = Directory.Exists(Folder) ? TextEncoder.Load(Folder) : null;

    public TextEncoder Encoder
    {
        get
        {
            Assert.SkipWhen(_encoder is null, $"There is no model in {Folder}; 'dotnet cake --target=Test' fetches it.");
            return _encoder;
        }
    }

    public void Dispose() => _encoder?.Dispose();
}
