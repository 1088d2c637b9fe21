using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Text.Inference;

/// <summary>Computes a function of texts, as many together as have about so many tokens, in their order.</summary>
/// <param name="model">The function's.</param>
/// <param name="function">Builds one text's value.</param>
/// <param name="lengthOf">Number of a text's tokens.</param>
/// <param name="options">Of the encoder: how many tokens are computed at once, and how.</param>
/// <remarks>Texts of a batch need not be of similar lengths: nothing is padded, so nothing is gained by sorting.</remarks>
internal sealed class TokenBatches<TText>(
    Model model, Func<Graph, TText, Expr> function, Func<TText, int> lengthOf, TextEncoderOptions options)
{
    // Made when it is needed: until then the model takes more parameters, those of a head or of a user's own layers.
    private readonly Lazy<Evaluator<TText>> _evaluator = new(() => new(model, function, options.Compute) { ComputeBatch = int.MaxValue });

    /// <summary>Collects where the time goes; null to collect nothing.</summary>
    public Profile? Profile
    {
        get => _evaluator.Value.Profile;
        set => _evaluator.Value.Profile = value;
    }

    /// <summary>Each text with its value; of a stream only a batch is held.</summary>
    /// <exception cref="OperationCanceledException">Between two batches.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public IEnumerable<(TText Text, float[] Value)> Run(IEnumerable<TText> texts, CancellationToken cancellation)
    {
        foreach (List<TText> batch in Cut(texts))
        {
            List<(TText, float[])> computed = new(batch.Count);
            _evaluator.Value.Run([.. batch], (i, value) => computed.Add((batch[i], value.ToArray())), cancellation);
            foreach ((TText, float[]) pair in computed)
                yield return pair;
        }
    }

    private IEnumerable<List<TText>> Cut(IEnumerable<TText> texts)
    {
        List<TText> batch = [];
        long tokens = 0;
        foreach (TText text in texts)
        {
            int length = lengthOf(text);
            if (tokens + length > options.BatchTokens && batch.Count > 0)
            {
                yield return batch;
                (batch, tokens) = ([], 0);
            }

            batch.Add(text);
            tokens += length;
        }

        yield return batch;
    }
}
