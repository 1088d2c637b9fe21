using BlasNet.Layers;
using BlasNet.Text.Files;
using BlasNet.Text.Inference;
using BlasNet.Text.Tokenization;
using BlasNet.Training;

namespace BlasNet.Text;

/// <summary>Turns texts into vectors with a pretrained encoder: BERT (MiniLM, BGE, E5, Arctic), DistilBERT or RoBERTa.</summary>
/// <remarks>The network is written for one text. Texts of different lengths are computed together without padding, so a batch takes the time of its
/// tokens, and a text's vector does not depend on its company but for rounding.
/// <para>Threads: any number may use an encoder at once.</para></remarks>
public sealed partial class TextEncoder : IDisposable
{
    private readonly EncoderModel _network;
    private readonly TextTokenizer _tokenizer;
    private readonly WindowedTexts _texts;
    private readonly LowRankAdapters? _adapters;

    private TextEncoder(
        ModelFolder files, Model model, EncoderModel network, ParametersToRead read, LowRankAdapters? adapters, TextTokenizer tokenizer,
        EncoderConfiguration sizes, TextEncoderOptions options)
    {
        (Name, Model, Parameters, Sizes, Options) = (files.Name, model, read.All, sizes, options);
        (_files, _network, _adapters, _tokenizer) = (files, network, adapters, tokenizer);
        _texts = new WindowedTexts(this);
    }

    /// <summary>The name of the folder.</summary>
    public string Name { get; }

    /// <summary>The parameters; the one thing that must be disposed, by <see cref="Dispose"/>.</summary>
    public Model Model { get; }

    /// <summary>Length of a text's vector.</summary>
    public int Dimensions => Sizes.Size;

    /// <summary>What the encoder does: as given, and what the folder says where nothing was given.</summary>
    public TextEncoderOptions Options { get; }

    /// <summary>Number of tokens of the longest text, those that begin and end it included.</summary>
    public int MaximumTokens => Options.MaximumTokens!.Value;

    /// <summary>The tokens of a text, those that begin and end it included; however long it is.</summary>
    public int[] Tokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [_tokenizer.First, .. _tokenizer.Tokenize(text), _tokenizer.Last];
    }

    /// <summary>Floating-point operations of the products that a text of so many tokens needs.</summary>
    public double FlopsOf(int tokens) => Sizes.FlopsOf(tokens);

    /// <summary>A text's vector.</summary>
    /// <returns><see cref="Dimensions"/> numbers.</returns>
    /// <exception cref="ObjectDisposedException">The encoder has been disposed.</exception>
    public float[] Embed(string text) => Embed([text])[0];

    /// <summary>The vectors of texts, in their order.</summary>
    /// <param name="texts">Any number.</param>
    /// <param name="cancellation">Asked between batches.</param>
    /// <returns>A vector of <see cref="Dimensions"/> numbers for each.</returns>
    /// <exception cref="OperationCanceledException">Between two batches.</exception>
    /// <exception cref="ObjectDisposedException">The encoder has been disposed.</exception>
    public float[][] Embed(IReadOnlyList<string> texts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return [.. _texts.Embed(texts, cancellation)];
    }

    /// <summary>The vectors of a stream of texts, in their order, of which only a batch is held, or some for each of several threads.</summary>
    /// <inheritdoc cref="Embed(IReadOnlyList{string}, CancellationToken)"/>
    public IEnumerable<float[]> EmbedStream(IEnumerable<string> texts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return _texts.Embed(texts, cancellation);
    }

    /// <summary>Ends all use and frees the memory.</summary>
    public void Dispose() => Model.Dispose();

    internal EncoderConfiguration Sizes { get; }

    internal TextTokenizer Tokenizer => _tokenizer;

    /// <summary>The tokens of the windows that a text is embedded by: one, unless it is too long and is not cut
    /// (<see cref="TextEncoderOptions.LongTexts"/>).
    /// </summary>
    public IReadOnlyList<int[]> Windows(string text) => Inference.Windows.Of(_tokenizer, text, MaximumTokens, Options.LongTexts);
}
