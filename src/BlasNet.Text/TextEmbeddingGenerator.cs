using BlasNet.Serving;
using BlasNet.Text.Inference;
using Microsoft.Extensions.AI;

namespace BlasNet.Text;

/// <summary>A <see cref="TextEncoder"/> behind the interface that .NET's AI libraries ask for.</summary>
/// <remarks>Any number of threads may use it at once. As many requests are computed at the same time as there are processors; those that wait meanwhile are
/// computed together.</remarks>
public sealed class TextEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly TextEncoder _encoder;
    private readonly bool _ownsEncoder;
    private readonly BatchingEvaluator<EmbeddingRequest, float[][]> _queue;
    private readonly EmbeddingGeneratorMetadata _metadata;

    /// <param name="encoder">Computes the vectors.</param>
    /// <param name="ownsEncoder">Whether it is disposed together with this.</param>
    public TextEmbeddingGenerator(TextEncoder encoder, bool ownsEncoder = true)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        (_encoder, _ownsEncoder, _queue) = (encoder, ownsEncoder, EmbeddingRequests.QueueOf(encoder));
        _metadata = new EmbeddingGeneratorMetadata("BlasNet", providerUri: null, encoder.Name, encoder.Dimensions);
    }

    /// <summary>Makes the vectors of texts, in their order.</summary>
    /// <param name="values">Any number.</param>
    /// <param name="options">Only <see cref="EmbeddingGenerationOptions.Dimensions"/> is looked at, which must be the model's if it is given.</param>
    /// <param name="cancellationToken">Ends the request while it waits, or between two batches of its own.</param>
    /// <exception cref="ArgumentException">A text is null, or another number of dimensions is asked for.</exception>
    /// <exception cref="ObjectDisposedException">The encoder has been disposed.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (options?.Dimensions is { } dimensions && dimensions != _encoder.Dimensions)
            throw new ArgumentException($"the model's vectors have {_encoder.Dimensions} dimensions, not {dimensions}.", nameof(options));

        string[] texts = [.. values];
        if (Array.IndexOf(texts, null) >= 0)
            throw new ArgumentException("a text is null.", nameof(values));

        float[][] vectors = await _queue.RunAsync(new EmbeddingRequest(texts, cancellationToken), cancellationToken).ConfigureAwait(false);
        return new(vectors.Select(vector => new Embedding<float>(vector) { ModelId = _encoder.Name }));
    }

    /// <summary>The encoder, the metadata or this itself.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(_encoder) ? _encoder
            : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Disposes the encoder, if this owns it.</summary>
    public void Dispose()
    {
        if (_ownsEncoder)
            _encoder.Dispose();
    }
}
