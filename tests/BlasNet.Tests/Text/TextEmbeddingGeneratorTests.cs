using BlasNet.Text;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace BlasNet.Tests.Text;

/// <summary>The encoder behind the interface of .NET's AI libraries.</summary>
public sealed class TextEmbeddingGeneratorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TextEmbeddingGeneratorTests() => new SmallEncoder("bert").Write(_folder);

    [Fact]
    public async Task Requests_at_once_get_their_own_vectors_in_their_order()
    {
        using var services = new ServiceCollection().AddTextEncoder(_folder.Path).BuildServiceProvider();
        var generator = services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        TextEncoder encoder = services.GetRequiredService<TextEncoder>();
        string[] texts = [.. Enumerable.Range(4, 30).Select(word => $"w{word} w{37 - word % 30} w9")];
        float[][] expected = encoder.Embed(texts, TestContext.Current.CancellationToken);

        GeneratedEmbeddings<Embedding<float>>[] results = await Task.WhenAll(Enumerable.Range(0, 200).Select(request =>
            generator.GenerateAsync([texts[request % 30], texts[request * 7 % 30]], cancellationToken: TestContext.Current.CancellationToken)));

        for (int request = 0; request < results.Length; request++)
        {
            Assert.Equal(2, results[request].Count);
            Close(expected[request % 30], results[request][0].Vector);
            Close(expected[request * 7 % 30], results[request][1].Vector);
        }
    }

    [Fact]
    public async Task It_says_what_it_is_and_refuses_what_it_cannot_do()
    {
        using var generator = new TextEmbeddingGenerator(TextEncoder.Load(_folder.Path));
        var metadata = (EmbeddingGeneratorMetadata)generator.GetService(typeof(EmbeddingGeneratorMetadata))!;
        Assert.Equal(("BlasNet", SmallEncoder.Size), (metadata.ProviderName, metadata.DefaultModelDimensions));
        Assert.Equal(Path.GetFileName(_folder.Path), metadata.DefaultModelId);
        Assert.IsType<TextEncoder>(generator.GetService(typeof(TextEncoder)));
        Assert.Null(generator.GetService(typeof(string)));
        Assert.Empty(await generator.GenerateAsync([], cancellationToken: TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<ArgumentException>(() => generator.GenerateAsync(["a", null!], cancellationToken: TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<ArgumentException>(() =>
            generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 5 }, TestContext.Current.CancellationToken));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generator.GenerateAsync(["a"], cancellationToken: new CancellationToken(canceled: true)));

        generator.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => generator.GenerateAsync(["a"], cancellationToken: TestContext.Current.CancellationToken));
    }

    public void Dispose() => _folder.Dispose();

    private static void Close(float[] expected, ReadOnlyMemory<float> actual)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual.Span[i], 1e-5f);
    }
}
