using BlasNet.Training;

namespace BlasNet.Text.Inference;

/// <summary>Computes texts together, as many as have about <see cref="TextEncoderOptions.BatchTokens"/> tokens, in their order.</summary>
/// <remarks>Texts of a batch need not be of similar lengths: nothing is padded, so nothing is gained by sorting.</remarks>
internal sealed class Batches
{
    private readonly TextEncoder _encoder;
    private readonly Evaluator<int[]> _evaluator;

    public Batches(TextEncoder encoder) => (_encoder, _evaluator) =
        (encoder, new Evaluator<int[]>(encoder.Model, (graph, tokens) => encoder.Pooled(graph, tokens)) { ComputeBatch = int.MaxValue });

    /// <summary>The vectors of texts, in their order.</summary>
    public IEnumerable<float[]> Embed(IEnumerable<string> texts, CancellationToken cancellation)
    {
        var vectors = new Vectors(_encoder);
        foreach (List<Window> batch in Cut(texts))
        {
            foreach (float[] vector in Compute(batch, vectors, cancellation))
                yield return vector;
        }
    }

    private IEnumerable<List<Window>> Cut(IEnumerable<string> texts)
    {
        List<Window> batch = [];
        long tokens = 0;
        foreach (Window window in texts.SelectMany(text => WindowsOf(text ?? throw new ArgumentException("a text is null.", nameof(texts)))))
        {
            if (tokens + window.Tokens.Length > _encoder.Options.BatchTokens && batch.Count > 0)
            {
                yield return batch;
                (batch, tokens) = ([], 0);
            }

            batch.Add(window);
            tokens += window.Tokens.Length;
        }

        yield return batch;
    }

    private List<float[]> Compute(List<Window> batch, Vectors vectors, CancellationToken cancellation)
    {
        List<float[]> complete = [];
        _evaluator.Run(
            [.. batch.Select(window => window.Tokens)],
            (i, value) =>
            {
                if (vectors.Add(batch[i], value) is { } vector)
                    complete.Add(vector);
            },
            cancellation);
        return complete;
    }

    private IEnumerable<Window> WindowsOf(string text)
    {
        IReadOnlyList<int[]> windows = _encoder.Windows(text);
        long tokens = windows.Sum(window => (long)window.Length);
        bool isMean = _encoder.Options.Pooling == Pooling.Mean;
        return windows.Select((window, i) => new Window(window, isMean ? (float)window.Length / tokens : 1f / windows.Count, i == 0, i == windows.Count - 1));
    }

    /// <summary>A part of a text, or all of it.</summary>
    /// <param name="Tokens">Those that begin and end a text included.</param>
    /// <param name="Share">Of the text's vector.</param>
    /// <param name="IsFirst">Whether it is the text's first window.</param>
    /// <param name="IsLast">Whether it is its last one.</param>
    private readonly record struct Window(int[] Tokens, float Share, bool IsFirst, bool IsLast);

    /// <summary>Puts the vectors of windows together; those of one text may come from several batches.</summary>
    private sealed class Vectors(TextEncoder encoder)
    {
        private float[] _current = [];

        /// <returns>The text's vector, if this was its last window.</returns>
        public float[]? Add(Window window, ReadOnlySpan<float> value)
        {
            if (window.IsFirst)
                _current = new float[encoder.Dimensions];

            Pools.Add(encoder.Options.Pooling!.Value, value, _current, window.Share, window.IsFirst);
            if (!window.IsLast)
                return null;

            if (encoder.Options.Normalize == true)
                Pools.Normalize(_current);

            return _current;
        }
    }
}
