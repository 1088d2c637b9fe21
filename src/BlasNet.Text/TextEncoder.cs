using BlasNet.Graphs;
using BlasNet.Text.Files;
using BlasNet.Text.Inference;
using BlasNet.Text.Tokenization;
using BlasNet.Training;

namespace BlasNet.Text;

/// <summary>Turns texts into vectors with a pretrained encoder: BERT (MiniLM, BGE, E5, Arctic), DistilBERT or RoBERTa.</summary>
/// <remarks>The network is written for one text. Texts of different lengths are computed together without padding, so a batch takes the time of its
/// tokens, and a text's vector does not depend on its company but for rounding.
/// <para>Threads: any number may use an encoder at once.</para></remarks>
public sealed class TextEncoder : IDisposable
{
    private readonly EncoderModel _network;
    private readonly TextTokenizer _tokenizer;
    private readonly Batches _batches;

    private TextEncoder(string name, Model model, EncoderModel network, TextTokenizer tokenizer, EncoderConfiguration sizes, TextEncoderOptions options)
    {
        (Name, Model, _network, _tokenizer, Dimensions, Options) = (name, model, network, tokenizer, sizes.Size, options);
        _batches = new Batches(this);
    }

    /// <summary>The name of the folder.</summary>
    public string Name { get; }

    /// <summary>The parameters; the one thing that must be disposed, by <see cref="Dispose"/>.</summary>
    public Model Model { get; }

    /// <summary>Length of a text's vector.</summary>
    public int Dimensions { get; }

    /// <summary>What the encoder does: as given, and what the folder says where nothing was given.</summary>
    public TextEncoderOptions Options { get; }

    /// <summary>Number of tokens of the longest text, those that begin and end it included.</summary>
    public int MaximumTokens => Options.MaximumTokens!.Value;

    /// <summary>Reads an encoder from a folder in the layout of Hugging Face.</summary>
    /// <param name="folder">With <c>config.json</c>; <c>model.safetensors</c> (F64, F32, F16 or BF16) or <c>model.onnx</c>; <c>tokenizer.json</c> or
    /// <c>vocab.txt</c>; and perhaps <c>modules.json</c>, <c>1_Pooling/config.json</c> and <c>sentence_bert_config.json</c>.</param>
    /// <param name="options">What is to be different from what the folder says.</param>
    /// <exception cref="TextModelException">A file is missing, breaks a rule or does not fit the others.</exception>
    /// <exception cref="SafetensorsException"><c>model.safetensors</c> breaks a rule of its format.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option makes no sense, or the model does not take as many tokens.</exception>
    /// <exception cref="InsufficientMemoryException">There is not enough memory for the parameters.</exception>
    public static TextEncoder Load(string folder, TextEncoderOptions? options = null) => Load<float>(folder, options, Precision.Single);

    internal static TextEncoder LoadDouble(string folder, TextEncoderOptions? options = null) => Load<double>(folder, options, Precision.Double);

    /// <summary>The tokens of a text, those that begin and end it included; however long it is.</summary>
    public int[] Tokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [_tokenizer.First, .. _tokenizer.Tokenize(text), _tokenizer.Last];
    }

    /// <summary>The network for one text, to be trained or to be part of a network of one's own: a vector for each of its tokens.</summary>
    /// <param name="graph">One of <see cref="Model"/>'s.</param>
    /// <param name="tokens">n of them, from 1 to the number of the model's positions; see <see cref="Tokenize"/>.</param>
    /// <returns>[<see cref="Dimensions"/> × n].</returns>
    /// <exception cref="ArgumentException">There are none or too many.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such token.</exception>
    public Expr Encode(Graph graph, ReadOnlySpan<int> tokens)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return _network.Apply(graph, tokens);
    }

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
        return [.. _batches.Embed(texts, cancellation)];
    }

    /// <summary>The vectors of a stream of texts, in their order, of which only a batch is held.</summary>
    /// <inheritdoc cref="Embed(IReadOnlyList{string}, CancellationToken)"/>
    public IEnumerable<float[]> EmbedStream(IEnumerable<string> texts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return _batches.Embed(texts, cancellation);
    }

    /// <summary>Ends all use and frees the memory.</summary>
    public void Dispose() => Model.Dispose();

    internal IReadOnlyList<int[]> Windows(string text) => Inference.Windows.Of(_tokenizer, text, MaximumTokens, Options.LongTexts);

    internal Expr Pooled(Graph graph, ReadOnlySpan<int> tokens) => Pools.Apply(Options.Pooling!.Value, Encode(graph, tokens));

    private static TextEncoder Load<T>(string folder, TextEncoderOptions? options, Precision precision)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var files = new ModelFolder(folder);
        EncoderConfiguration sizes = files.ReadConfiguration();
        options = Completed(options ?? new TextEncoderOptions(), files, sizes);
        TextTokenizer tokenizer = files.ReadTokenizer(sizes.Vocabulary);
        using TensorFile weights = files.OpenWeights();
        if (sizes.Parameters > new FileInfo(weights.File).Length / sizeof(ushort))
            throw new TextModelException(weights.File, $"is too short for the {sizes.Parameters} numbers that config.json asks for");

        var model = new Model(precision: precision);
        try
        {
            var network = new EncoderModel(new ParametersToRead(model), sizes);
            WeightReader.Fill<T>(model, sizes.Family, weights);
            return new TextEncoder(new DirectoryInfo(folder).Name, model, network, tokenizer, sizes, options);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static TextEncoderOptions Completed(TextEncoderOptions options, ModelFolder files, EncoderConfiguration sizes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchTokens, 1);
        int maximum = options.MaximumTokens ?? files.ReadMaximumTokens(sizes.MaximumTokens);
        if (maximum < 3 || maximum > sizes.MaximumTokens)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), $"MaximumTokens must be from 3 to {sizes.MaximumTokens}, for which the model has positions; it is {maximum}.");
        }

        return options with
        {
            Pooling = options.Pooling ?? files.ReadPooling(),
            Normalize = options.Normalize ?? files.Normalizes,
            MaximumTokens = maximum,
        };
    }
}
