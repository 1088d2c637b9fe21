namespace BlasNet.Text.Inference;

/// <summary>Computes the vectors of texts, each of them from one window or several.</summary>
internal sealed class WindowedTexts
{
    private readonly TextEncoder _encoder;
    private readonly TokenBatches<Window> _batches;

    public WindowedTexts(TextEncoder encoder) => (_encoder, _batches) = (encoder, new TokenBatches<Window>(
        encoder.Model, (graph, window) => encoder.Pooled(graph, window.Tokens), window => window.Tokens.Length, encoder.Options));

    /// <summary>The vectors of texts, in their order.</summary>
    public IEnumerable<float[]> Embed(IEnumerable<string> texts, CancellationToken cancellation)
    {
        float[] vector = [];
        var windows = texts.SelectMany(text => WindowsOf(text ?? throw new ArgumentException("a text is null.", nameof(texts))));
        foreach ((Window window, float[] value) in _batches.Run(windows, cancellation))
        {
            if (window.IsFirst)
                vector = new float[_encoder.Dimensions];

            Pools.Add(_encoder.Options.Pooling!.Value, value, vector, window.Share, window.IsFirst);
            if (!window.IsLast)
                continue;

            if (_encoder.Options.Normalize == true)
                Pools.Normalize(vector);

            yield return vector;
        }
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
}
