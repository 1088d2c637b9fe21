using BlasNet.Text;
using Microsoft.Extensions.AI;

#pragma warning disable IDE0130 // Where every extension of a service collection is looked for.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers text encoders.</summary>
public static class TextEncoderServices
{
    /// <summary>Adds one <see cref="TextEncoder"/> for the application, and an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> of strings over
    /// it.</summary>
    /// <param name="services">The collection to add them to.</param>
    /// <param name="folder">The model's folder, read when the first of the two is asked for; see <see cref="TextEncoder.Load"/>.</param>
    /// <param name="options">What is to be different from what the folder says.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddTextEncoder(this IServiceCollection services, string folder, TextEncoderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        services.AddSingleton(_ => TextEncoder.Load(folder, options));
        services.AddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(
            provider => new TextEmbeddingGenerator(provider.GetRequiredService<TextEncoder>(), ownsEncoder: false));
        return services;
    }
}
