using BlasNet.Serving;

namespace BlasNet.Text.Inference;

/// <summary>Texts whose vectors a caller wants.</summary>
/// <param name="Texts">Any number.</param>
/// <param name="Cancellation">Asked between the batches of a request that is computed alone.</param>
internal sealed record EmbeddingRequest(IReadOnlyList<string> Texts, CancellationToken Cancellation)
{
    /// <summary>Characters of a token, roughly: how many waiting requests fill a batch is estimated with it.</summary>
    private const int CharactersPerToken = 4;

    /// <summary>About how many tokens the texts have.</summary>
    public int Cost { get; } = (int)Math.Min(int.MaxValue, Texts.Sum(text => (long)text.Length) / CharactersPerToken);
}

/// <summary>Computes requests together with an encoder.</summary>
internal sealed class EmbeddingRequests(TextEncoder encoder) : BatchModel<EmbeddingRequest, float[][]>
{
    /// <summary>A queue of any length, whose batches have as many tokens as one of the encoder's on each of its threads.</summary>
    public static BatchingEvaluator<EmbeddingRequest, float[][]> QueueOf(TextEncoder encoder) => new(
        new EmbeddingRequests(encoder),
        new BatchingOptions<EmbeddingRequest>
        {
            Name = encoder.Name,
            QueueLimit = int.MaxValue,
            MaxBatchSize = int.MaxValue,
            Cost = request => request.Cost,
            MaxBatchCost = (long)encoder.Options.BatchTokens * encoder.Options.Compute.Threads,
        });

    public override void Compute(Batch<EmbeddingRequest, float[][]> batch)
    {
        EmbeddingRequest[] requests = batch.Examples.ToArray();

        // A request that is computed together with others is not cancelled midway.
        CancellationToken cancellation = requests is [var only] ? only.Cancellation : CancellationToken.None;
        float[][] vectors = encoder.Embed([.. requests.SelectMany(request => request.Texts)], cancellation);
        int start = 0;
        for (int i = 0; i < requests.Length; i++)
        {
            int end = start + requests[i].Texts.Count;
            batch.SetResult(i, vectors[start..end]);
            start = end;
        }
    }
}
